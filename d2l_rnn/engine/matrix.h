/* What rnn.c computes with: vectors, exp, log and tanh of them, matrices, and products.
   All that depends on the processor is here. */

#include <stddef.h>

typedef ptrdiff_t size;
#define INLINE static inline __attribute__((always_inline))
INLINE size smaller_of(size a, size b) { return a < b ? a : b; }

/* Vectors: as many numbers as the processor computes at once. ROWS rows of COLUMNS
   vectors are as many sums as its registers hold, see `block`. (Tests set all three.) */

#if defined(LANES)
#elif defined(__AVX512F__)
#define LANES 16
#define ROWS 8
#define COLUMNS 2
#elif defined(__AVX__)
#define LANES 8
#define ROWS 6
#define COLUMNS 2
#elif defined(__aarch64__)
#define LANES 4
#define ROWS 6
#define COLUMNS 4
#else
#define LANES 4
#define ROWS 2
#define COLUMNS 4
#endif

typedef float vec __attribute__((vector_size(4 * LANES), aligned(4)));
typedef int mask __attribute__((vector_size(4 * LANES), aligned(4)));
typedef unsigned word __attribute__((vector_size(4 * LANES), aligned(4)));

INLINE vec load(const float *p) { return *(const vec *)p; }
INLINE void store(float *p, vec v) { *(vec *)p = v; }
INLINE vec all(float x) { return x - (vec){0}; }
INLINE vec choose(mask m, vec yes, vec no) {
#if defined(__wasm_relaxed_simd__)
    __asm__("" : "+r"(m)); /* or it becomes a relaxed minimum, which may lose a NaN */
#endif
    return (vec)((m & (mask)yes) | (~m & (mask)no));
}
INLINE vec larger(vec a, vec b) { return choose(a > b, a, b); }

/* One number of all lanes: half is put upon half until one is left. */
INLINE float sum(vec v) {
    float x[LANES];
    store(x, v);
    for (int n = LANES / 2; n; n /= 2)
        for (int i = 0; i < n; i++) x[i] += x[i + n];
    return x[0];
}
INLINE float largest(vec v) {
    float x[LANES];
    store(x, v);
    for (int n = LANES / 2; n; n /= 2)
        for (int i = 0; i < n; i++) x[i] = x[i] > x[i + n] ? x[i] : x[i + n];
    return x[0];
}

/* For a thread that waits. */
INLINE void wait_a_moment(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* The processor's clock; its unit does not matter. */
INLINE long long ticks(void) {
    long long now = 0;
#if defined(__x86_64__)
    now = __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(now));
#endif
    return now;
}

/* exp(x) = 2^n exp(f) with n whole and |f| <= log(2) / 2; relative error 1e-7. For
   x <= 0, as in a softmax; below -64 it stays exp(-64), which is nothing beside 1. */
INLINE vec exponential(vec x) {
    x = choose(x < all(-64), all(-64), x); /* NaN stays */
    vec shifted = x * 1.44269504f + 12582912.f; /* 1.5 * 2^23: its last bit is 1 */
    vec n = shifted - 12582912.f, f = x - n * 0.693359375f + n * 2.12194440e-4f;
    vec p = all(1.9875691500e-4f);
    p = p * f + 1.3981999507e-3f;
    p = p * f + 8.3334519073e-3f;
    p = p * f + 4.1665795894e-2f;
    p = p * f + 1.6666665459e-1f;
    p = p * f + 5.0000001201e-1f;
    p = p * f * f + f + 1;
    return (vec)((word)p + ((word)shifted << 23)); /* of NaN, any number: it wraps */
}

/* log(x) = e log(2) + log(1 + m), and log(1 + m) = 2 atanh(m / (m + 2)), a series. */
INLINE vec logarithm(vec x) {
    mask bits = (mask)x, e = (bits - 0x3f3504f3) >> 23; /* 1 + m from sqrt(1/2) on */
    vec m = (vec)(bits - (e << 23)) - 1, q = m / (m + 2), y = q * q;
    vec p = y * (1.f / 9) + 1.f / 7;
    p = p * y + 1.f / 5;
    p = p * y + 1.f / 3;
    p = p * y + 1;
    return __builtin_convertvector(e, vec) * 0.693147181f + 2 * q * p;
}

/* tanh(x) = x P(x^2) / Q(x^2), precise near 0 as well; relative error 3e-7. */
INLINE vec hyperbolic_tangent(vec x) {
    x = choose(x > all(9), all(9), choose(x < all(-9), all(-9), x)); /* NaN stays */
    vec y = x * x, p = all(-2.54943451384778e-16f), q = all(1.19825839466702e-06f);
    p = p * y + 1.95595438969126e-13f;
    p = p * y - 8.57148339278732e-11f;
    p = p * y + 5.12122518871963e-08f;
    p = p * y + 1.48573639775839e-05f;
    p = p * y + 6.37261360176133e-04f;
    p = p * y + 4.89352518554385e-03f;
    q = q * y + 1.18534705686654e-04f;
    q = q * y + 2.26843463243900e-03f;
    q = q * y + 4.89352518554385e-03f;
    return x * p / q;
}

/* A matrix lies in panels of 16 columns: the 16 numbers of its first row, those of its
   second row, and so on; then the next panel. So a product goes through memory without
   a jump, whether it follows a row or a column. Zeros fill the last panels up to whole
   blocks. An odd number of rows keeps panels out of each other's way in the caches. */

enum { PANEL = 16, BLOCK = COLUMNS * LANES > PANEL ? COLUMNS * LANES : PANEL };
typedef struct { float *numbers; size rows, columns, panel; } Matrix;

INLINE size whole(size columns) { return (columns + PANEL - 1) / PANEL * PANEL; }
INLINE size padded(size columns) { return (columns + BLOCK - 1) / BLOCK * BLOCK; }
INLINE float *at(Matrix A, size i, size j) {
    return A.numbers + j / PANEL * A.panel + i * PANEL + j % PANEL;
}
INLINE Matrix rows_of(Matrix A, size from, size to) {
    return (Matrix){at(A, from, 0), to - from, A.columns, A.panel};
}
INLINE Matrix columns_of(Matrix A, size from, size to) {
    return (Matrix){at(A, 0, from), A.rows, to - from, A.panel};
}
static void fill(Matrix A, float x) {
    for (size j = 0; j < A.columns; j += PANEL)
        for (size i = 0; i < A.rows * PANEL; i++) at(A, 0, j)[i] = x;
}

/* Products. The one trick: a block of C stays in registers while its sum over k is
   made. For each k a vector of B serves all the rows, and a number of A all the
   columns, so that there are more multiplications than loads. */

/* c += a b. For WebAssembly a compiler may not make that one instruction by itself. */
#if defined(__wasm_relaxed_simd__)
#define ADD_PRODUCT(c, a, b) c = __builtin_wasm_relaxed_madd_f32x4(all(a), b, c)
#else
#define ADD_PRODUCT(c, a, b) c += a * b
#endif

typedef struct { const float *numbers; size row, column, panel; } Factor; /* strides */

INLINE void block(int rows, size K, Factor A, Matrix B, Matrix C) {
    vec c[ROWS][COLUMNS];
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < COLUMNS; j++) c[i][j] = load(at(C, i, j * LANES));
    for (size k = 0; k < K; k += PANEL, A.numbers += A.panel)
        for (size l = 0, some = smaller_of(K - k, PANEL); l < some; l++)
            for (int i = 0; i < rows; i++)
                for (int j = 0; j < COLUMNS; j++)
                    ADD_PRODUCT(c[i][j], A.numbers[i * A.row + l * A.column],
                                load(at(B, k + l, j * LANES)));
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < COLUMNS; j++) store(at(C, i, j * LANES), c[i][j]);
}

/* Blocks one below the other, as equal in height as can be. */
INLINE void blocks(size K, Factor A, Matrix B, Matrix C) {
    for (size left = C.rows, rows; left > 0; left -= rows) {
        size number = (left + ROWS - 1) / ROWS;
        rows = (left + number - 1) / number;
        switch (rows) { /* each height by itself: the compiler has to know it */
#if ROWS > 6
        case 8: block(8, K, A, B, C); break;
        case 7: block(7, K, A, B, C); break;
#endif
#if ROWS > 4
        case 6: block(6, K, A, B, C); break;
        case 5: block(5, K, A, B, C); break;
#endif
#if ROWS > 2
        case 4: block(4, K, A, B, C); break;
        case 3: block(3, K, A, B, C); break;
#endif
        case 2: block(2, K, A, B, C); break;
        default: block(1, K, A, B, C);
        }
        A.numbers += rows * A.row;
        C.numbers += rows * PANEL;
    }
}

enum { AT_ONCE = 512 }; /* terms of a sum: what a panel has in a fast cache */

/* C += A B, for A (M, K), B (K, N) and C (M, N). */
static void add_product(Matrix A, Matrix B, Matrix C) {
    for (size k = 0; k < B.rows; k += AT_ONCE) {
        size K = smaller_of(AT_ONCE, B.rows - k);
        Factor a = {at(A, 0, k), PANEL, 1, A.panel};
        for (size n = 0; n < C.columns; n += COLUMNS * LANES)
            blocks(K, a, columns_of(rows_of(B, k, k + K), n, n), columns_of(C, n, n));
    }
}

/* C += A^T B, for A (K, M), B (K, N) and C (M, N), where M may be many panels. */
static void add_product_of_transposed(Matrix A, Matrix B, Matrix C) {
    for (size k = 0; k < B.rows; k += AT_ONCE)
        for (size n = 0; n < C.columns; n += COLUMNS * LANES)
            for (size m = 0; m < C.rows; m += PANEL) {
                size K = smaller_of(AT_ONCE, B.rows - k);
                size M = smaller_of(PANEL, C.rows - m);
                Factor a = {at(A, k, m), 1, PANEL, PANEL * PANEL};
                blocks(K, a, columns_of(rows_of(B, k, k + K), n, n),
                       columns_of(rows_of(C, m, m + M), n, n));
            }
}

/* The sum of the rows of A, (1, N). */
static void sum_rows(Matrix A, Matrix total) {
    for (size j = 0; j < total.columns; j += LANES) {
        vec sums = {0};
        for (size i = 0; i < A.rows; i++) sums += load(at(A, i, j));
        store(at(total, 0, j), sums);
    }
}

static double squares(Matrix A) {
    double total = 0;
    for (size j = 0; j < A.columns; j += PANEL)
        for (size i = 0; i < A.rows; i++) {
            vec v = {0};
            for (int l = 0; l < PANEL; l += LANES) {
                vec a = load(at(A, i, j + l));
                v += a * a;
            }
            total += sum(v);
        }
    return total;
}
