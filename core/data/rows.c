// rows.c -- the user's own points and images, checked before anything is kept.
#include <math.h>

#include "base/error.h"
#include "data/hold.h"

static const float point_limit = 1e9f;        // squares of differences stay far from the end of single precision

static bool shape_ok(DataKind kind, const int shape[3]) {
    if (kind == DATA_POINTS) {
        if (shape[0] == 2 && shape[1] <= 1 && shape[2] <= 1) return true;
        return fail(ERROR_BAD_ARGUMENT, "shape: points have %d numbers each; accepted are points in the plane, shape [2]", shape[0]);
    }
    if (image_shape_ok(shape)) return true;
    return fail(ERROR_BAD_ARGUMENT, "shape: images are %d x %d with %d channels; accepted are 1 to %d pixels a side and 1 or 3 channels",
                shape[0], shape[1], shape[2], IMAGE_SIDE_MAX);
}

static bool values_ok(const char *role, DataKind kind, const DataRows *rows, int dim) {
    float low = kind == DATA_POINTS ? -point_limit : 0, high = kind == DATA_POINTS ? point_limit : 1;
    for (int i = 0; i < rows->n; i++) {
        for (int j = 0; j < dim; j++) {
            float v = rows->x[(size_t)i * (size_t)dim + (size_t)j];
            if (v >= low && v <= high) continue;        // false for NaN
            return fail(ERROR_BAD_ARGUMENT, "%s: row %d has the value %g; accepted are finite numbers from %g to %g", role, i, (double)v, (double)low, (double)high);
        }
    }
    return true;
}

static bool labels_ok(const char *role, const DataRows *rows, int classes) {
    if (!classes && rows->labels) return fail(ERROR_BAD_ARGUMENT, "classes: 0, but the %s has labels; say how many classes there are", role);
    if (classes && !rows->labels) return fail(ERROR_BAD_ARGUMENT, "labels: the %s has none, but there are %d classes", role, classes);
    for (int i = 0; classes && i < rows->n; i++) {
        int32_t y = rows->labels[i];
        if (y < 0 || y >= classes) return fail(ERROR_BAD_ARGUMENT, "labels: row %d of the %s has label %d; accepted are 0 to %d", i, role, (int)y, classes - 1);
    }
    return true;
}

static bool values_known(const char *role, const DataAttributes *known, const float *values, int rows) {
    if (rows && known->n && !values) return fail(ERROR_BAD_ARGUMENT, "attributes: the %s has none, but %d are named", role, known->n);
    for (int i = 0; i < rows * known->n; i++)
        if (!isfinite(values[i]))
            return fail(ERROR_BAD_ARGUMENT, "attributes: '%s' of row %d of the %s is not a finite number", known->name[i % known->n], i / known->n, role);
    return true;
}

bool known_ok(const DataAttributes *known, int train, int test) {
    if (known->n < 0 || known->n > ATTRIBUTES_MAX) return fail(ERROR_BAD_ARGUMENT, "attributes: %d names; accepted are 0 to %d", known->n, ATTRIBUTES_MAX);
    return values_known("data", known, known->train, train) && values_known("test", known, known->test, test);
}

bool hold_names(Data *d, const DataAttributes *known) {
    d->def.n_attributes = known->n;
    for (int j = 0; j < known->n; j++)
        if (!(d->def.attributes[j] = arena_string(&d->arena, known->name[j]))) return false;
    return true;
}

bool data_from_rows(Data *d, const char *id, DataKind kind, const int shape[3], int classes, DataRows train, DataRows test, Budget *budget) {
    return data_from_known(d, id, kind, shape, classes, train, test, &(DataAttributes){ 0 }, budget);
}

bool data_from_known(Data *d, const char *id, DataKind kind, const int shape[3], int classes, DataRows train, DataRows test, const DataAttributes *known,
                     Budget *budget) {
    *d = (Data){ 0 };
    if (!id || !id[0]) return fail(ERROR_BAD_ARGUMENT, "id: is empty; a data set needs a name");
    if (!shape_ok(kind, shape)) return false;
    if (classes < 0 || classes > CLASSES_MAX) return fail(ERROR_BAD_ARGUMENT, "classes: %d; accepted are 0 (no labels) to %d", classes, CLASSES_MAX);
    if (train.n < 1 || !train.x) return fail(ERROR_BAD_ARGUMENT, "data: the set is empty; at least one row is needed");
    if (test.n < 0 || (test.n > 0 && !test.x)) return fail(ERROR_BAD_ARGUMENT, "test: %d rows without numbers", test.n);
    const int plane[3] = { 2, 0, 0 };
    if (kind == DATA_POINTS) shape = plane;
    int dim = kind == DATA_POINTS ? 2 : shape[0] * shape[1] * shape[2];
    if (!values_ok("data", kind, &train, dim) || !labels_ok("data", &train, classes)) return false;
    if (test.n > 0 && (!values_ok("test", kind, &test, dim) || !labels_ok("test", &test, classes))) return false;

    if (!known_ok(known, train.n, test.n)) return false;

    Source rows = { .x = train.x, .attributes = known->train, .labels = train.labels, .n = train.n };
    Source held = { .x = test.x, .attributes = known->test, .labels = test.labels, .n = test.n };
    if (!hold_begin(d, id, kind, shape, classes, budget) || !hold_names(d, known) || !hold_rows(d, &rows, &held)) {
        data_close(d);
        return false;
    }
    hold_end(d);
    return true;
}
