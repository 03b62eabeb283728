// What is known of each epoch of a run, in the order of the bytes of its curve.

export const COLUMNS = ["perplexity", "gradient_norm", "clipped_norm", "clipped_fraction", "held_out_perplexity"];
