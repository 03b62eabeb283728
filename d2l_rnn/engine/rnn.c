/* The scratch RNN, trained: forward, loss, backward, clipping and SGD in one call.

   For each minibatch, with T time steps, B sequences, H hidden units and V tokens,

       Z_t = X_t W_xh + H_{t-1} W_hh + b_h     H_t = tanh(Z_t)     O_t = H_t W_hq + b_q

       dL/dH_t = dL/dO_t W_hq^T + dL/dZ_{t+1} W_hh^T                              (1)
       dL/dZ_t = dL/dH_t * (1 - H_t^2)                                            (2)
       dL/dW_hh = sum_t H_{t-1}^T dL/dZ_t, and so on for the other parameters     (3)

   and then g <- min(1, theta / |g|) g, param <- param - lr g. The same in PyTorch,
   and how (1) to (3) are found, stands in bptt.py and in notebook 07.

   Nothing here allocates, calls a library or keeps anything of its own: the caller
   hands over a Run and the memory it points to. What makes it fast is in matrix.h. */

#include "matrix.h"

/* The parameters, and a training run over minibatches: what the caller sets, then what
   it may read. */

enum { W_xh, W_hh, b_h, W_hq, b_q, PARAMS }; /* (V, H) (H, H) (H) (H, V) (V) */

typedef struct {
    int T, B, H, V;         /* time steps, sequences, hidden units, tokens */
    int minibatches;        /* how many */
    int fresh;              /* 1: each begins with H_0 = 0; 0: with the last H_T */
    int workers;            /* the shares that each piece of work is split into */
    float theta, lr;        /* radius of the ball, may be infinite; learning rate */
    const int *X, *Y;       /* tokens and labels, (minibatches, B, T) */
    float *params[PARAMS];  /* updated in place */
    float *gradients[PARAMS]; /* of the last minibatch, clipped */
    float *state;           /* H_0 of the first, then H_T of the last, (B, H) */
    double *losses, *norms; /* of each minibatch: nats a token; |g| before clipping */
    double *flow;           /* of the last: |dL/dH_t|^2 of each sequence, (T, B) */
    float *workspace;       /* rnn_workspace(run) zeros, at a multiple of 64 bytes */
    int trained;            /* minibatches that were learned from */
    int diverged;           /* 1 if the run ended at a gradient that is not finite */
    int alone;              /* 1 if help was of no use */
    long long begun, done;  /* shares of all the work so far; 0 at first */
} Run;

/* The workspace. A vector is a matrix of one row. */
typedef struct {
    Matrix H, dZ, dO, dH;   /* ((T + 1) B, H) (T B, H) (T B, V) (B, H) */
    Matrix params[PARAMS], grads[PARAMS]; /* the former are copies */
    Matrix transposed[PARAMS]; /* copies of W_hh and W_hq alone */
    double *losses, *squares; /* of each sequence; of each panel of hidden units */
} Space;

static Matrix matrix(float *memory, size *end, size rows, size columns) {
    Matrix A = {memory ? memory + *end : 0, rows, columns, (rows | 1) * PANEL};
    *end += padded(columns) / PANEL * A.panel;
    return A;
}

/* Puts the workspace in its place; returns its size. */
static size lay_out(const Run *r, Space *s) {
    size T = r->T, B = r->B, H = r->H, V = r->V, end = 0;
    size rows[] = {V, H, 1, H, 1}, columns[] = {H, H, H, V, V};
    float *memory = r->workspace;
    s->H = matrix(memory, &end, (T + 1) * B, H);
    s->dZ = matrix(memory, &end, T * B, H);
    s->dO = matrix(memory, &end, T * B, V);
    s->dH = matrix(memory, &end, B, H);
    for (int p = 0; p < PARAMS; p++) {
        s->params[p] = matrix(memory, &end, rows[p], columns[p]);
        s->grads[p] = matrix(memory, &end, rows[p], columns[p]);
        s->transposed[p] = (Matrix){0};
        if (p == W_hh || p == W_hq)
            s->transposed[p] = matrix(memory, &end, columns[p], rows[p]);
    }
    s->losses = (double *)matrix(memory, &end, 1, 2 * B).numbers;
    s->squares = (double *)matrix(memory, &end, 1, 2 * H).numbers;
    return end;
}

/* How many floats the workspace of a run holds. */
long long rnn_workspace(const Run *r) {
    Space s;
    return lay_out(r, &s);
}

/* Forward. X and Y, (B, T), may begin later; H_t and so on may be some of the rows. */

/* H_t = tanh(X_t W_xh + H_{t-1} W_hh + b_h). */
static void hidden_state(const Space *s, const int *X, size T, Matrix before,
                         Matrix H_t) {
    for (size j = 0; j < whole(H_t.columns); j += LANES)
        for (size b = 0; b < H_t.rows; b++) { /* X_t is one-hot: look its row up */
            vec row = load(at(s->params[W_xh], X[b * T], j));
            store(at(H_t, b, j), row + load(at(s->params[b_h], 0, j)));
        }
    add_product(before, s->params[W_hh], H_t);
    for (size j = 0; j < H_t.columns; j += PANEL)
        for (size i = 0; i < H_t.rows * PANEL; i += LANES)
            store(at(H_t, 0, j) + i, hyperbolic_tangent(load(at(H_t, 0, j) + i)));
}

/* The outputs o of one token, (1, V), become scale dL/do: the softmax, less 1 at the
   label. The loss is log(total) + margin. */
INLINE void cross_entropy(Matrix o, int label, float scale, float *total,
                          float *margin) {
    size V = whole(o.columns);
    vec most = load(o.numbers), sums = {0};
    for (size j = LANES; j < V; j += LANES) most = larger(load(at(o, 0, j)), most);
    float top = largest(most);
    *margin = top - *at(o, 0, label);
    for (size j = 0; j < V; j += LANES) {
        vec e = exponential(load(at(o, 0, j)) - top);
        store(at(o, 0, j), e);
        sums += e;
    }
    *total = sum(sums);
    for (size j = 0; j < V; j += LANES)
        store(at(o, 0, j), load(at(o, 0, j)) * (scale / *total));
    *at(o, 0, label) -= scale;
}

/* O_t = H_t W_hq + b_q, and dL/dO_t in its place. Adds the loss of each sequence. */
static void outputs(const Space *s, const int *Y, size T, Matrix H_t, Matrix O_t,
                    float scale, double *losses) {
    for (size j = 0; j < whole(O_t.columns); j += LANES)
        for (size b = 0; b < O_t.rows; b++)
            store(at(O_t, b, j), load(at(s->params[b_q], 0, j)));
    add_product(H_t, s->params[W_hq], O_t);
    for (size b = 0; b < O_t.rows; b += LANES) {
        size some = smaller_of(LANES, O_t.rows - b);
        float total[LANES] = {1}, margin[LANES] = {0};
        for (size l = 0; l < some; l++)
            cross_entropy(rows_of(O_t, b + l, b + l + 1), Y[(b + l) * T], scale,
                          total + l, margin + l);
        vec loss = logarithm(load(total)) + load(margin);
        for (size l = 0; l < some; l++) losses[b + l] += loss[l];
    }
}

/* dZ_t from what the outputs say to H_t, and dZ_{t+1}, unless that has no rows. Adds
   the squares of dH_t of each sequence to flow, if that is not null. */
static void step_back(const Space *s, Matrix dO_t, Matrix dZ_next, Matrix H_t,
                      Matrix dH_t, Matrix dZ_t, double *flow) {
    fill(dH_t, 0);
    add_product(dO_t, s->transposed[W_hq], dH_t);                      /* (1) */
    if (dZ_next.rows) add_product(dZ_next, s->transposed[W_hh], dH_t); /* (1) */
    for (size j = 0; j < dH_t.columns; j += PANEL)
        for (size i = 0; i < dH_t.rows * PANEL; i += LANES) {
            vec dH = load(at(dH_t, 0, j) + i), H = load(at(H_t, 0, j) + i);
            store(at(dZ_t, 0, j) + i, dH * (1 - H * H)); /* (2) */
            for (int l = 0; flow && l < LANES; l++)
                flow[i / PANEL] += (double)dH[l] * dH[l];
        }
}

/* The rows of a time step, for the sequences from b to e. */
INLINE Matrix at_step(Matrix A, size t, size B, size b, size e) {
    return rows_of(A, t * B + b, t * B + e);
}

/* Forward through a minibatch, for the sequences from b to e: H, dO and the losses. */
static void forward(const Run *r, const Space *s, size minibatch, size b, size e) {
    size T = r->T, B = r->B, first = (minibatch * B + b) * T;
    for (size i = b; i < e; i++) {
        s->losses[i] = 0;
        for (size j = 0; j < r->H; j++)
            *at(s->H, i, j) = r->fresh ? 0 : r->state[i * r->H + j];
    }
    for (size t = 0; t < T; t++) {
        Matrix before = at_step(s->H, t, B, b, e), H_t = at_step(s->H, t + 1, B, b, e);
        hidden_state(s, r->X + first + t, T, before, H_t);
        outputs(s, r->Y + first + t, T, H_t, at_step(s->dO, t, B, b, e), 1.f / (T * B),
                s->losses + b);
    }
}

/* And back: dZ, and of the last minibatch the flow. */
static void backward(const Run *r, const Space *s, size minibatch, size b, size e) {
    size T = r->T, B = r->B;
    double *flow = minibatch == r->minibatches - 1 ? r->flow : 0;
    Matrix dZ_next = {0};
    for (size t = T - 1; t >= 0; t--) {
        Matrix H_t = at_step(s->H, t + 1, B, b, e), dZ_t = at_step(s->dZ, t, B, b, e);
        for (size i = b; flow && i < e; i++) flow[t * B + i] = 0;
        step_back(s, at_step(s->dO, t, B, b, e), dZ_next, H_t, rows_of(s->dH, b, e),
                  dZ_t, flow ? flow + t * B + b : 0);
        dZ_next = dZ_t;
    }
}

/* The mean loss of the tokens of a minibatch. */
static double loss(const Run *r, const Space *s) {
    double total = 0;
    for (size b = 0; b < r->B; b++) total += s->losses[b];
    return total / (r->T * r->B);
}

/* The last state, for the next minibatch or for the caller, of the sequences b to e. */
static void hand_on(const Run *r, const Space *s, size b, size e) {
    for (; b < e; b++)
        for (size j = 0; j < r->H; j++)
            r->state[b * r->H + j] = *at(s->H, r->T * r->B + b, j);
}

/* The share of a parameter that goes with the hidden units from one on to another. b_q,
   which belongs to none, goes with the last. */
static Matrix part_of(const Matrix *of, int param, size from, size to) {
    if (param == W_hh || param == W_hq) return rows_of(of[param], from, to);
    if (param != b_q) return columns_of(of[param], from, to);
    int last = from < to && to == of[b_h].columns;
    return columns_of(of[b_q], 0, last ? of[b_q].columns : 0);
}

/* (3), sums over all tokens, and their squares. */
static void gradients(const Run *r, const Space *s, size minibatch, size from,
                      size to) {
    size T = r->T, B = r->B, N = T * B;
    const int *X = r->X + minibatch * N;
    Matrix dW[PARAMS], dZ = columns_of(s->dZ, from, to);
    for (int p = 0; p < PARAMS; p++) fill(dW[p] = part_of(s->grads, p, from, to), 0);
    Matrix H = columns_of(s->H, from, to), before = rows_of(H, 0, N);
    add_product_of_transposed(before, s->dZ, dW[W_hh]);            /* H_{t-1}^T dZ_t */
    add_product_of_transposed(rows_of(H, B, N + B), s->dO, dW[W_hq]); /* H_t^T dO_t */
    for (size j = 0; j < dZ.columns; j += LANES)
        for (size t = 0; t < T; t++)
            for (size b = 0; b < B; b++) { /* X_t^T dZ_t */
                float *row = at(dW[W_xh], X[b * T + t], j);
                store(row, load(row) + load(at(dZ, t * B + b, j)));
            }
    sum_rows(dZ, dW[b_h]);
    sum_rows(s->dO, dW[b_q]);
    for (size j = from; j < to; j += PANEL) {
        s->squares[j / PANEL] = 0;
        for (int p = 0; p < PARAMS; p++)
            s->squares[j / PANEL] +=
                squares(part_of(s->grads, p, j, smaller_of(j + PANEL, to)));
    }
}

/* Some numbers of a row of a parameter, into its copies. */
INLINE void copy_numbers(const Space *s, int p, size i, size j, const float *param,
                         size some) {
    for (size l = 0; l < some; l++) at(s->params[p], i, j)[l] = param[l];
    for (size l = 0; s->transposed[p].numbers && l < some; l++)
        *at(s->transposed[p], j + l, i) = param[l];
}

/* One share of the copies of the parameters. */
static void copy(const Run *r, const Space *s, size share) {
    for (int p = 0; p < PARAMS; p++) {
        Matrix W = s->params[p];
        size from = W.rows * share / r->workers, to = W.rows * (share + 1) / r->workers;
        for (size i = from; i < to; i++)
            for (size j = 0; j < W.columns; j += PANEL)
                copy_numbers(s, p, i, j, r->params[p] + i * W.columns + j,
                             smaller_of(PANEL, W.columns - j));
    }
    for (size j = r->V; share == 0 && j < padded(r->V); j++)
        *at(s->params[b_q], 0, j) = -1e30f; /* padded tokens: probability 0 */
}

/* g <- shrink g, param <- param - lr g, and the copies of the parameters anew, for one
   share of the rows. Keeps g if that is asked for. */
static void descend(const Run *r, const Space *s, float shrink, int keep, size share) {
    for (int p = 0; p < PARAMS; p++) {
        Matrix W = s->params[p], dW = s->grads[p];
        size from = W.rows * share / r->workers, to = W.rows * (share + 1) / r->workers;
        for (size i = from; i < to; i++)
            for (size j = 0; j < W.columns; j += PANEL) {
                float *param = r->params[p] + i * W.columns + j, *g = at(dW, i, j);
                float *kept = r->gradients[p] + i * W.columns + j;
                size some = smaller_of(PANEL, W.columns - j);
                for (size l = 0; l < some; l++) {
                    g[l] *= shrink;
                    param[l] -= r->lr * g[l];
                }
                for (size l = 0; keep && l < some; l++) kept[l] = g[l];
                copy_numbers(s, p, i, j, param, some);
            }
    }
}

/* Clips and steps, unless the gradient is not finite. */
static void update(Run *r, const Space *s, size minibatch, size share) {
    size B = r->B, workers = r->workers, last = minibatch == r->minibatches - 1;
    double total = 0;
    for (size j = 0; j < r->H; j += PANEL) total += s->squares[j / PANEL];
    double norm = __builtin_sqrt(total);
    int finite = norm - norm == 0;
    if (share == 0) {
        r->losses[minibatch] = loss(r, s), r->norms[minibatch] = norm;
        if (finite) r->trained++;
        else __atomic_store_n(&r->diverged, 1, __ATOMIC_RELAXED);
    }
    if (!finite) return;
    descend(r, s, norm > r->theta ? r->theta / norm : 1, last, share);
    hand_on(r, s, B * share / workers, B * (share + 1) / workers);
}

/* One share of one piece of the work: copies first, then three pieces a minibatch. */
static void work(Run *r, const Space *s, size piece, size share) {
    size workers = r->workers, minibatch = (piece - 1) / 3;
    size b = r->B * share / workers, e = r->B * (share + 1) / workers;
    size panels = whole(r->H) / PANEL, from = panels * share / workers * PANEL;
    size to = panels * (share + 1) / workers * PANEL;
    if (piece == 0)
        copy(r, s, share);
    else if (__atomic_load_n(&r->diverged, __ATOMIC_RELAXED))
        return;
    else if (piece % 3 == 1) {
        forward(r, s, minibatch, b, e);
        backward(r, s, minibatch, b, e);
    } else if (piece % 3 == 2)
        gradients(r, s, minibatch, from, smaller_of(to, r->H));
    else
        update(r, s, minibatch, share);
}

/* Waits until so many shares are done; returns how long that took. */
static long long wait_for(const Run *r, long long shares) {
    long long start = ticks();
    while (__atomic_load_n(&r->done, __ATOMIC_ACQUIRE) < shares) wait_a_moment();
    return ticks() - start;
}

/* Takes the next share of the work that nobody has begun, waits until the pieces before
   it are done, and does it; and so on. So nobody waits for a thread that has nothing to
   do yet, and the result is the same for any number of them. On a busy machine a thread
   may be halted in the middle of its share: where by half-time the first has waited for
   a third of its time, it goes on alone. */
static void take_part(Run *r, int first) {
    Space s;
    lay_out(r, &s);
    long long start = ticks(), waited = 0, share;
    long long all = (1 + 3 * (long long)r->minibatches) * r->workers;
    while (first || !__atomic_load_n(&r->alone, __ATOMIC_RELAXED)) {
        share = __atomic_fetch_add(&r->begun, 1, __ATOMIC_RELAXED);
        size piece = smaller_of(share, all) / r->workers;
        waited += wait_for(r, piece * r->workers);
        if (first && share > all / 2 && waited > (ticks() - start) / 3)
            __atomic_store_n(&r->alone, 1, __ATOMIC_RELAXED);
        if (share >= all) return;
        work(r, &s, piece, share % r->workers);
        __atomic_fetch_add(&r->done, 1, __ATOMIC_RELEASE);
    }
}

/* Trains on the minibatches one after another. Ends early, the parameters and the state
   as the last finite step has left them, at a gradient that is not finite. */
void rnn_train(Run *r) { take_part(r, 1); }

/* Helps with a run, if it is not over: for any number of other threads, meanwhile. */
void rnn_help(Run *r) { take_part(r, 0); }

/* Reads the minibatches, on one thread, and changes no parameter: their losses, H_T. */
void rnn_read(Run *r) {
    Space s;
    lay_out(r, &s);
    copy(r, &s, 0);
    for (size minibatch = 0; minibatch < r->minibatches; minibatch++) {
        forward(r, &s, minibatch, 0, r->B);
        hand_on(r, &s, 0, r->B);
        r->losses[minibatch] = loss(r, &s);
    }
}
