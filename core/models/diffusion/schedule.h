// schedule.h -- noise schedules of diffusion models, in double.
#ifndef GENPLAY_SCHEDULE_H
#define GENPLAY_SCHEDULE_H

typedef enum { SCHEDULE_LINEAR, SCHEDULE_COSINE, SCHEDULE_UNSCALED } ScheduleKind;
#define SCHEDULE_CHOICES "linear|cosine|unscaled"

// alpha_bar[0..T]: the share of the signal's variance left after t steps; alpha_bar[0] = 1.
//   linear   beta_t from `first` to `last` over 1000 steps: 1e-4 and 0.02 in Ho et al. 2020, arXiv:2006.11239, section 4; for another T every
//            beta is rescaled by 1000/T, so that x_T is noise for any T
//   cosine   cos^2((t/T + s)/(1 + s) pi/2), s = .008 (Nichol and Dhariwal 2021, arXiv:2102.09672, eq. 17)
//   unscaled the betas of `linear` as they stand, whatever T is: with T well below 1000 much of the example is left in x_T
// beta is clipped at .999, alpha_bar is the product of what is left, and at least 1e-12: models divide by its root.
void schedule_fill(ScheduleKind kind, double first, double last, int T, double *alpha_bar);

// The times that a sampler of S <= T steps visits: time[0] = T > ... > time[S] = 0, evenly spread (respacing).
void schedule_times(int T, int S, int *time);

#endif
