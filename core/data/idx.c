// idx.c -- reads the IDX format of MNIST (LeCun, Cortes, Burges), unpacked.
//
// A file is a header of big-endian 32-bit words -- the magic number, then the sizes -- and one byte per number.  The magic
// is 0, 0, type (0x08 for bytes), number of dimensions.  Images have three, [n, height, width], or four with channels last;
// labels have one.  The bytes are not trusted: a size counts only after it was compared with the length of the file.
#include "base/error.h"
#include "data/hold.h"

enum { IDX_BYTES = 0x08 };

typedef struct { const char *role; int n, shape[3]; const uint8_t *data; } Idx;

static uint32_t word(const uint8_t *p) { return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]; }

// Magic and length of header: `low` to `high` dimensions of bytes.
static bool magic_ok(const char *role, Bytes file, int low, int high) {
    if (file.size < 4) return fail(ERROR_BAD_FILE, "%s: the file has %zu bytes, too short for an IDX file", role, file.size);
    uint32_t magic = word(file.bytes);
    if (magic >> 16 == 0x1f8b) return fail(ERROR_BAD_FILE, "%s: the file is still packed with gzip", role);
    uint32_t dims = magic & 0xff, type = magic >> 8;
    if (type != IDX_BYTES || dims < (uint32_t)low || dims > (uint32_t)high)
        return fail(ERROR_BAD_FILE, low == 1 ? "%s: the file starts with 0x%08x; labels in IDX format start with 0x00000801"
                    : "%s: the file starts with 0x%08x; images in IDX format start with 0x00000803 or 0x00000804", role, (unsigned)magic);
    if (file.size < 4 + 4 * (size_t)dims) return fail(ERROR_BAD_FILE, "%s: the file ends after %zu bytes, inside its header", role, file.size);
    return true;
}

static bool length_ok(const char *role, Bytes file, size_t header, uint64_t n, uint64_t row) {
    if (n == 0) return fail(ERROR_BAD_FILE, "%s: the set is empty", role);
    if (n > INT32_MAX) return fail(ERROR_BAD_FILE, "%s: %llu rows are too many; accepted are up to %d", role, (unsigned long long)n, INT32_MAX);
    uint64_t need = header + n * row;          // below 2^31 * 2^18
    if (file.size == need) return true;
    return fail(ERROR_BAD_FILE, "%s: the file has %zu bytes, but %llu rows of %llu bytes need %llu", role, file.size,
                (unsigned long long)n, (unsigned long long)row, (unsigned long long)need);
}

static bool read_images(const char *role, Bytes file, Idx *out) {
    *out = (Idx){ .role = role, .shape = { 0, 0, 1 } };
    if (!magic_ok(role, file, 3, 4)) return false;
    int dims = file.bytes[3];
    uint32_t size[3] = { word(file.bytes + 8), word(file.bytes + 12), dims == 4 ? word(file.bytes + 16) : 1 };
    for (int i = 0; i < 3; i++) out->shape[i] = size[i] > INT32_MAX ? INT32_MAX : (int)size[i];
    if (!image_shape_ok(out->shape))
        return fail(ERROR_BAD_FILE, "%s: they are %u x %u with %u channels; accepted are 1 to %d pixels a side and 1 or 3 channels", role,
                    (unsigned)size[0], (unsigned)size[1], (unsigned)size[2], IMAGE_SIDE_MAX);
    size_t header = 4 + 4 * (size_t)dims;
    uint32_t n = word(file.bytes + 4);
    if (!length_ok(role, file, header, n, (uint64_t)size[0] * size[1] * size[2])) return false;
    out->n = (int)n;
    out->data = file.bytes + header;
    return true;
}

// Labels for n images; no file gives none.
static bool read_labels(const char *role, Bytes file, int images, Idx *out) {
    *out = (Idx){ .role = role };
    if (!file.bytes) return true;
    if (!magic_ok(role, file, 1, 1)) return false;
    uint32_t n = word(file.bytes + 4);
    if (!length_ok(role, file, 8, n, 1)) return false;
    if (n != (uint32_t)images) return fail(ERROR_BAD_FILE, "%s: %u labels, but there are %d images", role, (unsigned)n, images);
    out->n = (int)n;
    out->data = file.bytes + 8;
    return true;
}

static int highest(const Idx *labels, int so_far) {
    for (int i = 0; i < labels->n; i++) if (labels->data[i] > so_far) so_far = labels->data[i];
    return so_far;
}

static bool read_test(Bytes images, Bytes labels, const Idx *train, bool labelled, Idx *x, Idx *y) {
    *x = *y = (Idx){ 0 };
    bool marked = labels.bytes != NULL;
    if (!images.bytes) return !marked || fail(ERROR_BAD_FILE, "test labels: there are no test images for them");
    if (!read_images("test images", images, x) || !read_labels("test labels", labels, x->n, y)) return false;
    for (int i = 0; i < 3; i++)
        if (x->shape[i] != train->shape[i])
            return fail(ERROR_BAD_FILE, "test images: they are %d x %d x %d, the training images %d x %d x %d", x->shape[0], x->shape[1], x->shape[2],
                        train->shape[0], train->shape[1], train->shape[2]);
    if (labelled != marked) return fail(ERROR_BAD_FILE, labelled ? "test labels: missing, although the training images have labels"
                                                                   : "test labels: given, although the training images have none");
    return true;
}

bool data_from_idx(Data *d, const char *id, Bytes images, Bytes labels, Bytes test_images, Bytes test_labels, const DataAttributes *known, Budget *budget) {
    *d = (Data){ 0 };
    if (!id || !id[0]) return fail(ERROR_BAD_ARGUMENT, "id: is empty; a data set needs a name");
    if (!images.bytes) return fail(ERROR_BAD_FILE, "images: the file has 0 bytes, too short for an IDX file");
    Idx x, y, tx, ty;
    if (!read_images("images", images, &x) || !read_labels("labels", labels, x.n, &y)) return false;
    if (!read_test(test_images, test_labels, &x, y.n > 0, &tx, &ty)) return false;
    if (!known_ok(known, x.n, tx.n)) return false;
    int classes = y.n ? highest(&ty, highest(&y, 0)) + 1 : 0;      // a label is a byte: at most 256

    Source train = { .bytes = x.data, .label_bytes = y.data, .attributes = known->train, .n = x.n };
    Source test = { .bytes = tx.data, .label_bytes = ty.data, .attributes = known->test, .n = tx.n };
    if (!hold_begin(d, id, DATA_IMAGE, x.shape, classes, budget) || !hold_names(d, known) || !hold_rows(d, &train, &test)) {
        data_close(d);
        return false;
    }
    hold_end(d);
    return true;
}
