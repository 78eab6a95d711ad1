#include "models/model.h"

#include <math.h>
#include <string.h>

#include "base/error.h"

#define MODEL(name) extern const ModelDef model_##name;
#include "models/models.def"
#undef MODEL

const ModelDef *const model_defs[] = {
#define MODEL(name) &model_##name,
#include "models/models.def"
#undef MODEL
};
const int n_model_defs = (int)(sizeof model_defs / sizeof *model_defs);

const char *const can_words[N_CAN] = {
#define CAN(bit, word) word,
    CAN_LIST(CAN)
#undef CAN
};

const ModelDef *model_find(const char *id) {
    for (int i = 0; i < n_model_defs; i++)
        if (!strcmp(model_defs[i]->id, id)) return model_defs[i];
    return NULL;
}

int model_classes(const Model *m) { return (m->image ? m->def->image : m->def->points) & CAN_LABEL ? m->data->def.classes : 0; }

void model_store(Model *m, Params *s, const char *name) {
    params_begin(s, name, m->arena);
    m->store[m->n_stores++] = s;
}

void model_program(Model *m, Program *p, const char *name) { program_begin(p, name, m->arena, &m->scratch, m->seed); }

void model_batch(Model *m, uint64_t index, Var *x, int32_t *labels) {
    const Data *d = m->data;
    data_batch(d, m->seed, index, x->dim[0], x->data, labels);
    if (m->image) return;
    for (int i = 0; i < x->size; i++) x->data[i] = (float)(((double)x->data[i] - d->mean[i & 1]) / d->std[i & 1]);
}

bool model_update(Model *m, Program *p, const Var *loss, Params *s, const Optimizer *o, uint64_t tick) {
    program_run(p, tick);
    if (isfinite(loss->data[0]) && optimizer_step(o, s)) return true;
    char name[96] = "the gradient's norm";
    const Var *first = program_run_checked(p, tick);
    if (first) var_describe(first, name, sizeof name);
    return fail(ERROR_DIVERGED, "step %llu: %s was not finite; the run stands at step %llu. A smaller learning rate may help",
                (unsigned long long)m->step + 1, name, (unsigned long long)m->step);
}

void model_fill_classes(Var *input, const int32_t *labels, int n) {
    memset(input->data, 0, sizeof(float) * (size_t)input->size);
    for (int i = 0; i < n; i++) input->data[i * input->dim[1] + labels[i]] = 1;
}

// A number beyond the truncation takes the next draw of its own sequence (Brock et al. 2019, arXiv:1809.11096, section 3.1).
void model_codes(const Model *m, const Draw *d, uint32_t first, int n, float *codes) {
    rng_normal_rows((Key){ d->seed, STREAM_SAMPLE }, first, 0, codes, n, m->code_dim);
    for (int i = 0; d->truncation > 0 && i < n * m->code_dim; i++)
        for (uint64_t again = 1; fabs((double)codes[i]) > d->truncation; again++)
            rng_normal((Key){ d->seed, STREAM_SAMPLE }, first + (uint32_t)(i / m->code_dim), again, i % m->code_dim, &codes[i], 1);
}

void model_binarise(uint32_t seed, uint32_t first, int n, int dim, float *x) {
    float u[64];
    for (int i = 0; i < n; i++)
        for (int at = 0; at < dim; at += 64) {
            int k = dim - at < 64 ? dim - at : 64;
            float *row = x + (size_t)i * (size_t)dim + at;
            rng_uniform((Key){ seed, STREAM_BINARY }, first + (uint32_t)i, 0, at, u, k);
            for (int j = 0; j < k; j++) row[j] = row[j] > u[j] ? 1 : 0;
        }
}

void model_fill(Var *input, const float *rows, int n) {
    size_t width = (size_t)(input->size / input->dim[0]);
    memcpy(input->data, rows, sizeof(float) * width * (size_t)n);
    memset(input->data + width * (size_t)n, 0, sizeof(float) * width * (size_t)(input->dim[0] - n));
}
