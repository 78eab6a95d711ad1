#include "models/diffusion/schedule.h"

#include "base/real.h"

static double cosine_bar(double t) {
    double c = real_cos((t + .008) / 1.008 * REAL_PI / 2);
    return c * c;
}

static double cosine_beta(int T, int t) { return 1 - cosine_bar((double)t / T) / cosine_bar((double)(t - 1) / T); }

void schedule_fill(ScheduleKind kind, double first, double last, int T, double *alpha_bar) {
    alpha_bar[0] = 1;
    for (int t = 1; t <= T; t++) {
        double linear = first + (last - first) * (T > 1 ? (t - 1.) / (T - 1) : 1);
        double beta = kind == SCHEDULE_COSINE ? cosine_beta(T, t) : kind == SCHEDULE_LINEAR ? linear * 1000 / T : linear;
        double left = alpha_bar[t - 1] * (1 - (beta < .999 ? beta : .999));
        alpha_bar[t] = left > 1e-12 ? left : 1e-12;
    }
}

void schedule_times(int T, int S, int *time) {
    for (int i = 0; i <= S; i++) time[i] = (int)((long)T * (S - i) / S);
}
