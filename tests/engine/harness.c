/* Runs the engine on what it reads, and writes what came out: for tests in which the
   engine cannot be loaded into Python. runs.py says what is read and written. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARAMS = 5 };

typedef struct {
    int T, B, H, V, minibatches, fresh, workers;
    float theta, lr;
    const int *X, *Y;
    float *params[PARAMS], *gradients[PARAMS], *state;
    double *losses, *norms, *flow;
    float *workspace;
    int trained, diverged, alone;
    long long begun, done;
} Run;

long long rnn_workspace(const Run *);
void rnn_train(Run *);
void rnn_read(Run *);

static void *rooms[32], **last = rooms;

/* Exactly as much memory as is asked for, so that a sanitizer sees each step beyond. */
static void *room(size_t size, int read) {
    void *memory = *last++ = calloc(size, 1);
    if (read && fread(memory, 1, size, stdin) != size) exit(2);
    return memory;
}

int main(void) {
    Run r = {0};
    if (fread(&r, sizeof(int), 7, stdin) != 7) return 2;
    if (fread(&r.theta, sizeof(float), 2, stdin) != 2) return 2;
    size_t T = r.T, B = r.B, H = r.H, V = r.V, n = r.minibatches;
    size_t sizes[] = {V * H, H * H, H, H * V, V};
    r.X = room(4 * n * B * T, 1), r.Y = room(4 * n * B * T, 1);
    for (int p = 0; p < PARAMS; p++) {
        r.params[p] = room(4 * sizes[p], 1);
        r.gradients[p] = room(4 * sizes[p], 0);
    }
    r.state = room(4 * B * H, 1);
    r.losses = room(8 * n, 0), r.norms = room(8 * n, 0), r.flow = room(8 * T * B, 0);
    size_t workspace = 4 * rnn_workspace(&r);
    r.workspace = *last++ = aligned_alloc(64, workspace); /* a multiple of 64 by itself */
    memset(r.workspace, 0, workspace);
    void (*call)(Run *) = r.workers ? rnn_train : rnn_read;
    if (!r.workers) r.workers = 1;
    call(&r);
    for (int p = 0; p < PARAMS; p++) fwrite(r.params[p], 4, sizes[p], stdout);
    for (int p = 0; p < PARAMS; p++) fwrite(r.gradients[p], 4, sizes[p], stdout);
    fwrite(r.state, 4, B * H, stdout);
    fwrite(r.losses, 8, n, stdout), fwrite(r.norms, 8, n, stdout);
    fwrite(r.flow, 8, T * B, stdout);
    fwrite(&r.trained, 4, 2, stdout);
    while (last > rooms) free(*--last);
    return 0;
}
