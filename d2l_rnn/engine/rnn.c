/* The scratch RNN, trained: forward, loss, backward, clipping and SGD in one call.

   For each minibatch, with T time steps, B sequences, H hidden units and V tokens,

       Z_t = X_t W_xh + H_{t-1} W_hh + b_h     H_t = tanh(Z_t)     O_t = H_t W_hq + b_q

       dL/dH_t = dL/dO_t W_hq^T + dL/dZ_{t+1} W_hh^T                              (1)
       dL/dZ_t = dL/dH_t * (1 - H_t^2)                                            (2)
       dL/dW_hh = sum_t H_{t-1}^T dL/dZ_t, and so on for the other parameters     (3)

   and then g <- min(1, theta / |g|) g, param <- param - lr g. The same in PyTorch,
   and how (1) to (3) are found, stands in bptt.py and in notebook 07.

   Nothing here allocates, calls a library or keeps anything of its own: the caller hands
   over a Run and the memory it points to. A name dW is dL/dW. Matrices lie row by row.
   In the workspace each row is padded with zeros to a multiple of 16 numbers, so that
   all rows consist of whole vectors; padded hidden units and tokens stay at zero. */

/* Vectors: as many numbers as the processor computes at once. */

#if defined(__AVX512F__)
enum { LANES = 16, ROWS = 8, COLUMNS = 2 };
#elif defined(__AVX__)
enum { LANES = 8, ROWS = 4, COLUMNS = 2 };
#else
enum { LANES = 4, ROWS = 4, COLUMNS = 2 };
#endif

typedef float vec __attribute__((vector_size(4 * LANES), aligned(4)));
typedef int mask __attribute__((vector_size(4 * LANES), aligned(4)));
#define INLINE static inline __attribute__((always_inline))

INLINE vec load(const float *p) { return *(const vec *)p; }
INLINE void store(float *p, vec v) { *(vec *)p = v; }
INLINE vec all(float x) { return x - (vec){0}; }
INLINE vec choose(mask m, vec yes, vec no) {
    return (vec)((m & (mask)yes) | (~m & (mask)no));
}
INLINE vec smaller(vec a, vec b) { return choose(a < b, a, b); } /* b, if a is NaN */
INLINE vec larger(vec a, vec b) { return choose(a > b, a, b); }
INLINE float sum(vec v) {
    float s = 0;
    for (int i = 0; i < LANES; i++) s += v[i];
    return s;
}
INLINE float largest(vec v) {
    float m = v[0];
    for (int i = 1; i < LANES; i++) m = v[i] > m ? v[i] : m;
    return m;
}
static void fill(float *p, long n, float x) {
    for (long i = 0; i < n; i++) p[i] = x;
}

/* Products. The one trick: a block of C, ROWS rows of COLUMNS vectors, stays in registers
   while its sum over k is made. For each k a vector of B serves all the rows, and a number
   of A all the columns, so that there are more multiplications than loads. */

typedef struct { const float *at; long row, column; } Matrix; /* and how far apart */

INLINE void block(int rows, int columns, int K, Matrix A, Matrix B, float *C, long ldc) {
    vec c[ROWS][COLUMNS];
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) c[i][j] = load(C + i * ldc + j * LANES);
    for (int k = 0; k < K; k++) {
        const float *a = A.at + k * A.column, *b = B.at + k * B.row;
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < columns; j++)
                c[i][j] += a[i * A.row] * load(b + j * LANES);
    }
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) store(C + i * ldc + j * LANES, c[i][j]);
}

/* The same for a whole column of blocks, the last rows one by one. */
INLINE void blocks(int columns, int M, int K, Matrix A, Matrix B, float *C, long ldc) {
    int m = 0;
    for (; m + ROWS <= M; m += ROWS, A.at += ROWS * A.row, C += ROWS * ldc)
        block(ROWS, columns, K, A, B, C, ldc);
    for (; m < M; m++, A.at += A.row, C += ldc) block(1, columns, K, A, B, C, ldc);
}

/* C += A B, where A is (M, K), B is (K, N) and C is (M, N), N a multiple of LANES. */
static void add_product(int M, int N, int K, Matrix A, Matrix B, float *C, long ldc) {
    int n = 0;
    for (; n + COLUMNS * LANES <= N; n += COLUMNS * LANES)
        blocks(COLUMNS, M, K, A, (Matrix){B.at + n, B.row, 1}, C + n, ldc);
    for (; n < N; n += LANES) blocks(1, M, K, A, (Matrix){B.at + n, B.row, 1}, C + n, ldc);
}

/* exp(x) = 2^n exp(f) with n whole and |f| <= log(2) / 2; relative error 1e-7. */
INLINE vec exponential(vec x) {
    x = larger(smaller(x, all(88)), all(-87));
    vec shifted = x * 1.44269504f + 12582912.f; /* 1.5 * 2^23: the last bit counts ones */
    vec n = shifted - 12582912.f, f = x - n * 0.693359375f + n * 2.12194440e-4f;
    vec p = all(1.9875691500e-4f);
    p = p * f + 1.3981999507e-3f;
    p = p * f + 8.3334519073e-3f;
    p = p * f + 4.1665795894e-2f;
    p = p * f + 1.6666665459e-1f;
    p = p * f + 5.0000001201e-1f;
    p = p * f * f + f + 1;
    return (vec)((mask)p + ((mask)shifted << 23));
}

/* tanh(x) = x P(x^2) / Q(x^2), so that it is precise near 0, too; relative error 4e-7. */
INLINE vec hyperbolic_tangent(vec x) {
    x = choose(x > all(9), all(9), choose(x < all(-9), all(-9), x)); /* NaN stays */
    vec y = x * x, p = all(-2.76076847742355e-16f), q = all(1.19825839466702e-06f);
    p = p * y + 2.00018790482477e-13f;
    p = p * y - 8.60467152213735e-11f;
    p = p * y + 5.12229709037114e-08f;
    p = p * y + 1.48572235717979e-05f;
    p = p * y + 6.37261928875436e-04f;
    p = p * y + 4.89352455891786e-03f;
    q = q * y + 1.18534705686654e-04f;
    q = q * y + 2.26843463243900e-03f;
    q = q * y + 4.89352518554385e-03f;
    return x * p / q;
}

/* log(x) of a normal x > 0: x = 2^e m, and log(m) by the series of atanh. */
static double logarithm(float x) {
    union { float number; int bits; } u = {x};
    int e = (u.bits >> 23) - 127;
    u.bits = (u.bits & 0x7fffff) | 0x3f800000;
    double m = u.number;
    if (m > 1.4142135) m /= 2, e++;
    double s = (m - 1) / (m + 1), s2 = s * s;
    double series = 1. / 9 + s2 * (1. / 11);
    series = 1 + s2 * (1. / 3 + s2 * (1. / 5 + s2 * (1. / 7 + s2 * series)));
    return e * 0.69314718055994531 + 2 * s * series;
}

/* A training run over minibatches: what the caller sets, then what it may read. */

typedef struct {
    int T, B, H, V;         /* time steps, sequences, hidden units, tokens */
    int minibatches;        /* how many */
    int fresh;              /* 1: each begins with H_0 = 0; 0: with the last H_T */
    float theta, lr;        /* radius of the ball, may be infinite; learning rate */
    const int *X, *Y;       /* tokens and labels, (minibatches, B, T) */
    float *W_xh, *W_hh, *b_h, *W_hq, *b_q; /* (V, H) (H, H) (H) (H, V) (V) */
    float *state;           /* H_0 of the first, then H_T of the last, (B, H) */
    double *losses, *norms; /* of each minibatch: nats a token; |g| before clipping */
    double *flow;           /* |dL/dH_t| in the last minibatch, (T) */
    float *workspace;       /* rnn_workspace(run) numbers, at a multiple of 64 bytes */
    int trained;            /* minibatches that were learned from */
    int diverged;           /* 1 if the run ended at a gradient that is not finite */
} Run;

enum { PAD = 16 };             /* numbers; a multiple of every LANES */
enum { TOKENS_AT_ONCE = 128 }; /* of a sum over tokens, what a fast cache holds */

INLINE long padded(long n) { return (n + PAD - 1) / PAD * PAD; }

/* The workspace. Rows of h = padded(H) or v = padded(V) numbers. */
typedef struct {
    float *H, *dZ, *dO, *dH;        /* (T + 1, B, h) (T, B, h) (T, B, v) (B, h) */
    float *W_xh, *W_hh, *b_h, *W_hq, *b_q; /* copies of the parameters, rows padded */
    float *W_hh_T, *W_hq_T;         /* transposed: (h, h) (v, h) */
    float *dW_xh, *dW_hh, *db_h, *dW_hq, *db_q;
    float *end;
} Space;

static Space space_of(const Run *r, float *memory) {
    long T = r->T, B = r->B, V = r->V, h = padded(r->H), v = padded(r->V);
    Space s;
    long sizes[] = {(T + 1) * B * h, T * B * h, T * B * v, B * h, V * h, h * h, h, h * v,
                    v, h * h, v * h, V * h, h * h, h, h * v, v};
    float **parts[] = {&s.H, &s.dZ, &s.dO, &s.dH, &s.W_xh, &s.W_hh, &s.b_h, &s.W_hq,
                       &s.b_q, &s.W_hh_T, &s.W_hq_T, &s.dW_xh, &s.dW_hh, &s.db_h,
                       &s.dW_hq, &s.db_q};
    for (int i = 0; i < 16; i++) *parts[i] = memory, memory += sizes[i];
    s.end = memory;
    return s;
}

/* How many floats the workspace of a run holds. */
long rnn_workspace(const Run *r) {
    Space s = space_of(r, r->workspace);
    return s.end - r->workspace;
}

/* H_t of all sequences, from H_{t-1}. Tokens X (B, T). */
static void hidden_state(const Run *r, const Space *s, const int *X, int t) {
    long B = r->B, T = r->T, h = padded(r->H);
    float *H_t = s->H + (t + 1) * B * h; /* (B, h) */
    for (long b = 0; b < B; b++) { /* X_t W_xh + b_h: X_t is one-hot, look the row up */
        const float *row = s->W_xh + X[b * T + t] * h;
        for (long j = 0; j < h; j += LANES)
            store(H_t + b * h + j, load(row + j) + load(s->b_h + j));
    }
    add_product(B, h, r->H, (Matrix){H_t - B * h, h, 1}, (Matrix){s->W_hh, h, 1}, H_t, h);
    for (long i = 0; i < B * h; i += LANES)
        store(H_t + i, hyperbolic_tangent(load(H_t + i)));
}

/* The loss of one token, times the number of tokens, from its outputs o (v), which become
   dL/do: the softmax less 1 at the label, over the number of tokens. */
static double cross_entropy(float *o, long v, int label, float scale) {
    vec most = load(o), total = {0};
    for (long j = LANES; j < v; j += LANES) most = larger(load(o + j), most);
    float top = largest(most), output = o[label];
    for (long j = 0; j < v; j += LANES) {
        vec e = exponential(load(o + j) - top);
        total += e;
        store(o + j, e);
    }
    float z = sum(total);
    for (long j = 0; j < v; j += LANES) store(o + j, load(o + j) * (scale / z));
    o[label] -= scale;
    return logarithm(z) + top - output;
}

/* O_t of all sequences, its loss, and dL/dO_t in its place. Labels Y (B, T). */
static double outputs(const Run *r, const Space *s, const int *Y, int t) {
    long B = r->B, T = r->T, h = padded(r->H), v = padded(r->V);
    float *H_t = s->H + (t + 1) * B * h, *O_t = s->dO + t * B * v;
    for (long b = 0; b < B; b++)
        for (long j = 0; j < v; j += LANES) store(O_t + b * v + j, load(s->b_q + j));
    add_product(B, v, r->H, (Matrix){H_t, h, 1}, (Matrix){s->W_hq, v, 1}, O_t, v);
    double loss = 0;
    for (long b = 0; b < B; b++)
        loss += cross_entropy(O_t + b * v, v, Y[b * T + t], 1.f / (T * B));
    return loss / (T * B);
}

/* (1) and (2), from the last time step to the first: dZ. Keeps |dL/dH_t| if asked. */
static void backward(const Run *r, const Space *s, double *flow) {
    long B = r->B, h = padded(r->H), v = padded(r->V);
    fill(s->dH, B * h, 0);
    for (int t = r->T - 1; t >= 0; t--) {
        float *H_t = s->H + (t + 1) * B * h, *dZ_t = s->dZ + t * B * h; /* (B, h) */
        Matrix dO_t = {s->dO + t * B * v, v, 1};
        add_product(B, h, r->V, dO_t, (Matrix){s->W_hq_T, h, 1}, s->dH, h); /* (1) */
        double squares = 0;
        for (long i = 0; i < B * h; i += LANES) {
            vec dH = load(s->dH + i), H = load(H_t + i);
            store(dZ_t + i, dH * (1 - H * H)); /* (2) */
            store(s->dH + i, all(0));
            for (int l = 0; flow && l < LANES; l++) squares += (double)dH[l] * dH[l];
        }
        if (flow) flow[t] = __builtin_sqrt(squares);
        Matrix dZ = {dZ_t, h, 1};
        if (t) add_product(B, h, r->H, dZ, (Matrix){s->W_hh_T, h, 1}, s->dH, h); /* (1) */
    }
}

/* (3): sums over all tokens. */
static void gradients(const Run *r, const Space *s, const int *X) {
    long T = r->T, B = r->B, N = T * B, h = padded(r->H), v = padded(r->V);
    fill(s->dW_xh, s->end - s->dW_xh, 0);
    for (long n = 0; n < N; n += TOKENS_AT_ONCE) {
        int some = n + TOKENS_AT_ONCE < N ? TOKENS_AT_ONCE : N - n;
        Matrix before = {s->H + n * h, 1, h}, after = {s->H + (n + B) * h, 1, h};
        Matrix dZ = {s->dZ + n * h, h, 1}, dO = {s->dO + n * v, v, 1};
        add_product(r->H, h, some, before, dZ, s->dW_hh, h); /* H_{t-1}^T dZ_t */
        add_product(r->H, v, some, after, dO, s->dW_hq, v);  /* H_t^T dO_t */
    }
    for (long n = 0; n < N; n++) {
        float *row = s->dW_xh + X[n % B * T + n / B] * h; /* X_t^T dZ_t: X_t is one-hot */
        for (long j = 0; j < h; j += LANES) {
            vec dZ = load(s->dZ + n * h + j);
            store(row + j, load(row + j) + dZ);
            store(s->db_h + j, load(s->db_h + j) + dZ);
        }
        for (long j = 0; j < v; j += LANES)
            store(s->db_q + j, load(s->db_q + j) + load(s->dO + n * v + j));
    }
}

/* |g|, of all gradients as one long vector. */
static double norm_of_gradients(const Space *s) {
    double total = 0;
    for (float *p = s->dW_xh; p < s->end; p += LANES)
        total += sum(load(p) * load(p));
    return __builtin_sqrt(total);
}

/* param <- param - step dparam for a matrix (rows, columns), and its copies anew. */
static void descend(float *param, const float *dparam, float step, long rows, long columns,
                    float *copy, float *transposed, long height) {
    long width = padded(columns);
    for (long i = 0; i < rows; i++)
        for (long j = 0; j < columns; j++) {
            float *p = param + i * columns + j;
            copy[i * width + j] = *p -= step * dparam[i * width + j];
            if (transposed) transposed[j * height + i] = *p;
        }
}

static void sgd(const Run *r, const Space *s, float step) {
    long H = r->H, V = r->V, h = padded(H);
    descend(r->W_xh, s->dW_xh, step, V, H, s->W_xh, 0, 0);
    descend(r->W_hh, s->dW_hh, step, H, H, s->W_hh, s->W_hh_T, h);
    descend(r->b_h, s->db_h, step, 1, H, s->b_h, 0, 0);
    descend(r->W_hq, s->dW_hq, step, H, V, s->W_hq, s->W_hq_T, h);
    descend(r->b_q, s->db_q, step, 1, V, s->b_q, 0, 0);
}

/* The minibatches one after another. Ends early, the parameters as the last finite step
   has left them, at a gradient that is not finite. */
void rnn_train(Run *r) {
    Space space = space_of(r, r->workspace), *s = &space;
    long T = r->T, B = r->B, H = r->H, h = padded(H), v = padded(r->V);
    fill(r->workspace, s->end - r->workspace, 0);
    sgd(r, s, 0); /* a step of length 0: copies */
    fill(s->b_q + r->V, v - r->V, -1e30f); /* padded tokens: probability 0 */
    r->trained = r->diverged = 0;
    for (int m = 0; m < r->minibatches; m++, r->trained++) {
        const int *X = r->X + m * B * T, *Y = r->Y + m * B * T;
        for (long b = 0; b < B; b++)
            for (long j = 0; j < H; j++)
                s->H[b * h + j] = r->fresh ? 0 : r->state[b * H + j];
        r->losses[m] = 0;
        for (int t = 0; t < T; t++) {
            hidden_state(r, s, X, t);
            r->losses[m] += outputs(r, s, Y, t);
        }
        backward(r, s, m == r->minibatches - 1 ? r->flow : 0);
        gradients(r, s, X);
        double norm = r->norms[m] = norm_of_gradients(s);
        r->diverged = !(norm - norm == 0);
        if (r->diverged) return;
        sgd(r, s, r->lr * (norm > r->theta ? r->theta / norm : 1));
        for (long b = 0; b < B; b++)
            for (long j = 0; j < H; j++) r->state[b * H + j] = s->H[(T * B + b) * h + j];
    }
}
