// twin.c -- the library without WebAssembly, for the test that compares both byte for byte.
//
//   twin MODEL DATA SEED STEPS OUT [key=value ...]
//
// trains that run and writes OUT.safetensors (weights, optimizer moments, the whole experiment) and OUT.sample (the floats of 40 samples).
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "lab.h"

static bool write_file(const char *stem, const char *ending, const void *bytes, size_t size) {
    char path[1024];
    snprintf(path, sizeof path, "%s%s", stem, ending);
    FILE *file = fopen(path, "wb");
    bool good = file && fwrite(bytes, 1, size, file) == size;
    if (file && fclose(file)) good = false;
    if (!good) fprintf(stderr, "twin: %s cannot be written\n", path);
    return good;
}

// key=value arguments as "key\tvalue\n" lines.
static void knob_lines(char *lines, size_t size, int n, char **arg) {
    lines[0] = 0;
    for (int i = 0; i < n; i++) {
        size_t end = strlen(lines), equal = strcspn(arg[i], "=");
        snprintf(lines + end, size - end, "%.*s\t%s\n", (int)equal, arg[i], arg[i][equal] ? arg[i] + equal + 1 : "");
    }
}

static bool twin(Run *run, int steps, const char *stem, Out *out) {
    double mean[16];
    const uint8_t *bytes;
    size_t size;
    if (!run || !run_train(run, steps, mean) || !run_save(run, false, out, &bytes, &size)) return false;
    if (!write_file(stem, ".safetensors", bytes, size)) return false;
    if (!run_call(run, "sample", &(Call){ .n = 40, .name = "", .options = "" }, out)) return false;
    const Array *data = out_find(out, "data");
    size_t floats = 1;
    for (int i = 0; i < data->rank; i++) floats *= (size_t)data->shape[i];
    return write_file(stem, ".sample", data->data, sizeof(float) * floats);
}

int main(int n, char **arg) {
    if (n < 6) {
        fprintf(stderr, "usage: twin MODEL DATA SEED STEPS OUT [key=value ...]\n");
        return 2;
    }
    char lines[1024];
    knob_lines(lines, sizeof lines, n - 6, arg + 6);
    Lab *lab = lab_new(0);
    Out out;
    out_init(&out, lab_budget(lab));
    bool good = twin(run_new(lab, arg[1], arg[2], (uint32_t)strtoul(arg[3], NULL, 10), lines), atoi(arg[4]), arg[5], &out);
    if (!good) fprintf(stderr, "twin: %s: %s\n", error_name(), error_message());
    out_clear(&out);
    lab_free(lab);
    return good ? 0 : 1;
}
