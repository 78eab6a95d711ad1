// pooling.h -- mean pooling and nearest upsampling, channels last, each in one pass over memory.
//
// Rows of pixels run through all pictures, so a range of them is a call of its own: that is how threads share the work.
#ifndef GENPLAY_POOLING_H
#define GENPLAY_POOLING_H

// y [rows,cols,c]: means over the by x by blocks of x [rows by, cols by, c].
void pool(int rows, int cols, int c, int by, const float *x, float *y);
// y [rows by, cols by, c]: every pixel of x [rows,cols,c] by x by times.
void unpool(int rows, int cols, int c, int by, const float *x, float *y);

#endif
