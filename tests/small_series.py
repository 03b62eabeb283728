"""Which part of the lag matrix of a noisy sine the tests train models on."""

N_TRAIN, TAU = 600, 4
