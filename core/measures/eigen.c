// eigen.c -- eigenvalues of a symmetric matrix by cyclic Jacobi rotations (Golub & Van Loan, Matrix Computations, section 8.5).
//
// Each rotation makes one element off the diagonal zero; a sweep does it for all of them in turn.  Near the end the rest shrinks
// quadratically, so some eight sweeps reach rounding.  Slower than tridiagonalisation, but short, accurate and without special cases.
#include <math.h>

#include "measures/measures.h"

// Rows and columns p, q of a, and rows p, q of v, turned so that a[p][q] = 0.
static void rotate(double *a, double *v, int d, int p, int q) {
    double apq = a[p * d + q];
    if (apq == 0) return;
    double theta = (a[q * d + q] - a[p * d + p]) / (2 * apq);
    double t = (theta < 0 ? -1 : 1) / (fabs(theta) + sqrt(theta * theta + 1)), c = 1 / sqrt(t * t + 1), s = t * c;
    for (int k = 0; k < d; k++) {
        double x = a[k * d + p], y = a[k * d + q];
        a[k * d + p] = c * x - s * y;
        a[k * d + q] = s * x + c * y;
    }
    for (int k = 0; k < d; k++) {
        double x = a[p * d + k], y = a[q * d + k];
        a[p * d + k] = c * x - s * y;
        a[q * d + k] = s * x + c * y;
    }
    for (int k = 0; k < d; k++) {
        double x = v[p * d + k], y = v[q * d + k];
        v[p * d + k] = c * x - s * y;
        v[q * d + k] = s * x + c * y;
    }
    a[p * d + q] = a[q * d + p] = 0;
}

static void sort(double *values, double *vectors, int d) {
    for (int i = 0; i < d; i++) {
        int best = i;
        for (int j = i + 1; j < d; j++) if (values[j] > values[best]) best = j;
        if (best == i) continue;
        double swap = values[i];
        values[i] = values[best];
        values[best] = swap;
        for (int k = 0; k < d; k++) {
            swap = vectors[i * d + k];
            vectors[i * d + k] = vectors[best * d + k];
            vectors[best * d + k] = swap;
        }
    }
}

bool eigen_symmetric(double *a, int d, double *values, double *vectors) {
    double size = 0;
    for (int i = 0; i < d * d; i++) {
        size += a[i] * a[i];
        vectors[i] = i / d == i % d;
    }
    if (!(size < (double)INFINITY)) return false;
    for (int sweep = 0; sweep < 40; sweep++) {
        double off = 0;
        for (int p = 0; p < d; p++) for (int q = p + 1; q < d; q++) off += a[p * d + q] * a[p * d + q];
        if (off <= 1e-32 * size) break;
        for (int p = 0; p < d; p++) for (int q = p + 1; q < d; q++) rotate(a, vectors, d, p, q);
    }
    for (int i = 0; i < d; i++) values[i] = a[i * d + i];
    sort(values, vectors, d);
    return true;
}
