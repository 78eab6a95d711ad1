// sha256.h -- SHA-256 (FIPS 180-4), by which a saved experiment names its images.
#ifndef GENPLAY_SHA256_H
#define GENPLAY_SHA256_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint32_t state[8];
    uint64_t size;               // bytes taken so far
    uint8_t block[64];           // the last size % 64 of them
} Sha256;

Sha256 sha256_begin(void);
void sha256_add(Sha256 *s, const void *bytes, size_t n);
// 64 small hexadecimal digits and a zero.  Afterwards s is spent.
void sha256_end(Sha256 *s, char hex[65]);

#endif
