#include "models/adversarial/game.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/real.h"

// --- Players ----------------------------------------------------------------------------------------------------------------

static bool design_fits(const Model *m, const Design *d) {
    if (d->arch == ARCH_MLP) return true;
    char arch[32];
    const Knob *k = &m->def->knobs[knob_find(m->def->knobs, "arch")];
    knob_choice(k, d->arch, arch);
    if (!m->image) return fail(ERROR_BAD_ARGUMENT, "%s: arch was %s; points accept: mlp", m->def->id, arch);
    if (d->height % 4 == 0 && d->width % 4 == 0) return true;
    return fail(ERROR_BAD_ARGUMENT, "%s: arch was %s; pictures of %d x %d accept: mlp (%s needs multiples of 4)", m->def->id, arch, d->height, d->width, arch);
}

bool game_players(Model *m, Design d, int latent) {
    Game *v = m->self;
    const int *shape = m->data->def.shape;
    d.dim = m->dim;
    if (m->image) d.height = shape[0], d.width = shape[1], d.depth = shape[2];
    if (!design_fits(m, &d)) return false;
    if (d.arch != ARCH_MLP) m->chunk = 16;                                         // a convolution's cost is per picture: few rows waste little
    v->classes = model_classes(m);
    m->code_dim = latent;
    model_store(m, &v->critic, "critic");
    model_store(m, &v->generator, "generator");
    v->g = generator(&v->generator, &d, latent + v->classes);
    v->d = critic(&v->critic, &d, v->classes ? v->classes : 1);
    return params_alloc(&v->generator, m->seed) && params_alloc(&v->critic, m->seed);
}

// --- Programs ---------------------------------------------------------------------------------------------------------------

static Var *class_input(const Game *v, Program *p, int rows) { return v->classes ? v_input(p, "class", rows, v->classes) : NULL; }

// A class is K numbers of mean square 1/K; scaled to 1 like those of z, or the generator would hardly hear it at first.
static Var *make(const Game *v, Var *z, Var *y) {
    if (y) z = v_concat(z, v_scale(y, sqrtf((float)v->classes)), 1);
    return v_generator(&v->g, z);
}

Var *game_says(const Game *v, Var *x, Var *y) {
    Var *d = v_critic(&v->d, x);
    return y ? v_sum_rows(v_mul(d, y)) : d;
}

void game_bout(Model *m, Bout *b) {
    const Game *v = m->self;
    model_program(m, &b->p, "critic's step");
    b->p.training = true;
    b->x = v_input(&b->p, "x", m->batch, m->dim);
    b->y = class_input(v, &b->p, m->batch);
    b->fake = v_detach(make(v, v_randn(&b->p, m->batch, m->code_dim), b->y));
    b->on_data = game_says(v, b->x, b->y);
    b->on_fake = game_says(v, b->fake, b->y);
}

Var *game_attempt(Model *m, Program *p, const Program *critics, Var **y) {
    const Game *v = m->self;
    model_program(m, p, "generator's step");
    p->training = true;
    p->n_random = critics->n_random;
    *y = class_input(v, p, m->batch);
    return game_says(v, make(v, v_randn(p, m->batch, m->code_dim), *y), *y);
}

bool game_use(Model *m) {
    Game *v = m->self;
    model_program(m, &v->draw, "draw");
    v->draw.average = true;
    v->code = v_input(&v->draw, "z", m->chunk, m->code_dim);
    v->class = class_input(v, &v->draw, m->chunk);
    v->made = program_keep(make(v, v->code, v->class));
    if (!program_end(&v->draw)) return false;

    model_program(m, &v->judge, "judge");
    v->judged = v_input(&v->judge, "x", m->chunk, m->dim);
    v->judged_class = class_input(v, &v->judge, m->chunk);
    v->verdict = program_keep(game_says(v, v->judged, v->judged_class));
    return program_end(&v->judge);
}

// --- Verbs ------------------------------------------------------------------------------------------------------------------

void game_batch(Model *m, uint64_t index, const Bout *b, Var *y) {
    int32_t label[BATCH_MAX];
    model_batch(m, index, b->x, b->y ? label : NULL);
    if (b->y) model_fill_classes(b->y, label, m->batch);
    if (y) model_fill_classes(y, label, m->batch);
}

bool game_decode(Model *m, int n, const float *codes, float *x) {
    Game *v = m->self;
    model_fill(v->code, codes, n);
    if (v->class) model_fill_classes(v->class, m->labels, n);
    program_run(&v->draw, 0);
    memcpy(x, v->made->data, sizeof *x * (size_t)(n * m->dim));
    return true;
}

bool game_sample(Model *m, const Draw *d, uint32_t first, int n, float *x, float *codes) {
    model_codes(m, d, first, n, codes);
    for (int i = 0; i < n * m->code_dim; i++) codes[i] *= (float)d->temperature;
    return game_decode(m, n, codes, x);
}

bool game_judge(Model *m, int n, const float *x, double centre, float *out) {
    Game *v = m->self;
    model_fill(v->judged, x, n);
    if (v->judged_class) model_fill_classes(v->judged_class, m->labels, n);
    program_run(&v->judge, 0);
    for (int i = 0; i < n; i++) out[i] = (float)(1 / (1 + real_exp(centre - (double)v->verdict->data[i])));
    return true;
}
