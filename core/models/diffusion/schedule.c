#include "models/diffusion/schedule.h"

#include "base/real.h"

static double cosine_bar(double t) {
    double c = real_cos((t + .008) / 1.008 * REAL_PI / 2);
    return c * c;
}

static double beta_of(ScheduleKind kind, int T, int t) {
    double beta = kind == SCHEDULE_COSINE ? 1 - cosine_bar((double)t / T) / cosine_bar((double)(t - 1) / T)
                                          : (1e-4 + (.02 - 1e-4) * (T > 1 ? (t - 1.) / (T - 1) : 1)) * 1000 / T;
    return beta < .999 ? beta : .999;
}

void schedule_fill(ScheduleKind kind, int T, double *alpha_bar) {
    alpha_bar[0] = 1;
    for (int t = 1; t <= T; t++) alpha_bar[t] = alpha_bar[t - 1] * (1 - beta_of(kind, T, t));
}

void schedule_times(int T, int S, int *time) {
    for (int i = 0; i <= S; i++) time[i] = (int)((long)T * (S - i) / S);
}
