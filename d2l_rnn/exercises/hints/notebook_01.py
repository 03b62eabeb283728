"""Hints for the exercises of notebook 01, autoregression."""

HINTS = {
    "spaced_lag_matrix": (
        "How far before the label is the oldest value that you need?",
        "series.lag_matrix with a larger tau has all those columns, and some to spare.",
        "Ask for (tau - 1) * gap + 1 columns, and keep every gap-th: [:, ::gap].",
    ),
    "sine_weights": (
        "In the hint, let a + b be the angle at time t. What then is a - b at t - 2?",
        "With a = f (t - 1) and b = f: sin(ft) = 2 cos(f) sin(f(t-1)) - sin(f(t-2)).",
        "Read off both weights, and return the one of the older value first.",
    ),
    "feed_back": (
        "The model predicts one step. What should it look at to predict the next?",
        "Keep a window of shape (1, tau). It starts as x[None, -tau:].",
        "Each time: predict, keep the prediction, and join window[:, 1:] and the "
        "prediction with torch.cat(..., dim=1).",
    ),
    "forecast_error": (
        "Work with variances, and take one root at the very end.",
        "If an error has the variance v, what is the variance of w times that error?",
        "Start with 0 and repeat k times: w**2 times the variance, plus noise**2.",
    ),
    "exponential_smoothing": (
        "Keep one number, h, and go through the series with a loop.",
        "The new h is (1 - alpha) times the old one plus alpha times the value.",
        "Append h after you have updated it, and torch.stack the list at the end.",
    ),
}
