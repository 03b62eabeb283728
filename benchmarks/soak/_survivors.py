"""Why a mutant may survive: the lines as they were changed, by reason."""

BY_REASON = {
    "at the bound itself both are right": [
        "return norm if LEAST <= norm < math.inf "
        "else math.hypot(*map(_scaled, gradients))",
        "if theta is not None and theta <= norm < math.inf:",
        "for i in np.flatnonzero(~((p >= 0) & (p < 1 + 1e-6))):  # NaN is neither",
        "if error >= 1e-6:",
        "if not (flows > RAREST).all():",
        "return p if error <= 1e-12 else p / p.sum()",
    ],
    "the two are of the same length, or there would have been an error before": [
        "for H_t, dO_t in zip(reversed(H[1:]), reversed(dO), strict=None):",
        "for H_t, dO_t in zip(reversed(H[1:]), reversed(dO), ):",
        "for H_t, dO_t in zip(reversed(H[1:]), reversed(dO), strict=False):",
        "for param, gradient in zip(self.params, gradients, strict=None):",
        "for param, gradient in zip(self.params, gradients, ):",
        "for param, gradient in zip(self.params, gradients, strict=False):",
        "counts = dict(zip(place_of, times.tolist(), strict=None))",
        "counts = dict(zip(place_of, times.tolist(), ))",
        "counts = dict(zip(place_of, times.tolist(), strict=False))",
    ],
    "another spelling of the same": [
        'return torch.from_numpy(np.require(indices, dtype, "cw"))',
        'spaced = text.encode("ASCII", "replace").translate(CLEANED)',
        'text = codes[is_kept].tobytes().decode("ASCII")',
        'code = text[start : start + BLOCK].encode("UTF-32-LE", "surrogatepass")',
        'torch.einsum("TBI,TBJ->IJ", H[:-1], dZ),  # (H, H)',
        'torch.einsum("TBI,TBJ->IJ", H[1:], dO),  # (H, V)',
        'return np.require(indices, dtype, "cw")',
        'alpha = checks.non_negative("alpha", alpha, at_most=1e+100)',
        'return tuple(_value(each, "XXfloatXX") for each in value)',
        'return tuple(_value(each, "FLOAT") for each in value)',
    ],
    "only the words of a message": [
        'f"lines must be a list of lines, got a string: {shown(lines[:21])}"',
        'counter[plain(token, None)] += integer("each count", times, at_least=0)',
        'counter[plain(token, )] += integer("each count", times, at_least=0)',
        'counter[plain(token, "XXtokensXX")] += '
        'integer("each count", times, at_least=0)',
        'counter[plain(token, "TOKENS")] += integer("each count", times, at_least=0)',
        "indices = plain(indices, None)  # a tensor or an array",
        "indices = plain(indices, )  # a tensor or an array",
        'indices = plain(indices, "XXindicesXX")  # a tensor or an array',
        'indices = plain(indices, "INDICES")  # a tensor or an array',
        'token = checked(plain(pair[0], None), "token_freqs")',
        'token = checked(plain(pair[0], ), "token_freqs")',
        'token = checked(plain(pair[0], "XXtoken_freqsXX"), "token_freqs")',
        'token = checked(plain(pair[0], "TOKEN_FREQS"), "token_freqs")',
        "value = plain(value, None)",
        "value = plain(value, )",
        "if isinstance(each, numbers.Integral) and not -(2 * 63) <= each < 2**63:",
        "if isinstance(each, numbers.Integral) and not -(2**63) < each < 2**63:",
        "if isinstance(each, numbers.Integral) and not -(2**63) <= each < 2 * 63:",
        'gradients = as_tensors("gradients", gradients, None)',
        'gradients = as_tensors("gradients", gradients, "XXa list of tensorsXX")',
        'gradients = as_tensors("gradients", gradients, "A LIST OF TENSORS")',
        'Sizes().check("tbq", outputs=outputs)',
        'check_tokens("XXXXX", X, sizes["D"])',
        'last_only = truth("XXlast_onlyXX", last_only)',
        'last_only = truth("LAST_ONLY", last_only)',
        "last_only = truth(None, last_only)",
        'check_tokens("XXXXX", X, sizes["D"], params[0].device)',
        "given = dict.fromkeys(items(None, names))",
        'given = dict.fromkeys(items("XXvocabXX", names))',
        'given = dict.fromkeys(items("VOCAB", names))',
        "return one_of(None, value, (True, False))",
        'return one_of("XXdivergedXX", value, (True, False))',
        'return one_of("DIVERGED", value, (True, False))',
        "return integer(None, value, at_least=1)",
        'return integer("XXepochXX", value, at_least=1)',
        'return integer("EPOCH", value, at_least=1)',
    ],
    "what is a list already is not refused": [
        "return chain.from_iterable(listed(None, line) for line in tokens)",
        'return chain.from_iterable(listed("XXtokensXX", line) for line in tokens)',
        'return chain.from_iterable(listed("TOKENS", line) for line in tokens)',
    ],
    "every token of a text occurs at least once": ["min_freq: int = 1,"],
    "only memory or time": [
        "if type(None) is str:  # as a rule",
        "numbers = reaches.astype(None)  # which are multiplied far sooner",
        "norm = each[0].item() if (each) and False else 0.0",
        "return norm if (LEAST < norm < math.inf) and False "
        "else math.hypot(*map(_scaled, gradients))",
        "given = _in_memory(corpus) if (isinstance(corpus, Tensor)) and False "
        "else _as_array(corpus)",
        "while words := rest.split(None, ):",
        "yield np.fromiter(map(place_of.__getitem__, words), np.int32, )",
        "numbers = np.array(numbers, None)",
        "numbers = np.array(numbers, )",
        "for new in dict.fromkeys(codes[places[codes] <= 0].tolist()):",
        "for new in dict.fromkeys(codes[places[codes] < 1].tolist()):",
    ],
    "any negative number says that a character is new": [
        "places = np.full(ALL_CHARACTERS, -2, np.int32)  # by the character's code",
    ],
    "more than is read, or a type that is not looked at": [
        'return torch.empty(0, dtype=None, device="cpu")',
        'return torch.empty(0, device="cpu")',
        "dO[counts].scatter_add_"
        "(-1, labels[counts], -torch.ones_like(dO[counts, :, :2]))",
        "return torch.empty(0, dtype=None)",
        "return torch.empty(0, )",
        'starts = array("Q", range(offset, end, num_steps))',
    ],
    "what comes next makes an int64 of it": [
        'is_wide = indices.dtype.kind == "u" and indices.dtype.itemsize > 2',
    ],
    "an epoch has a minibatch, or there would have been an error before": [
        "next(iter(self), )  # all is drawn before the first minibatch",
    ],
    "all parameters have the same type, or there would have been an error before": [
        "if params[1].dtype not in DTYPES:",
        "sizes, dtype = _sizes(X, params), params[1].dtype",
        'check_tokens("X", X, sizes["D"], params[1].device)',
        "and net.params[1].dtype in DTYPES",
        'raise ValueError(f"params must be float32 or float64, got {params[1].dtype}")',
    ],
    "0, NaN and infinity stay so when they are divided and multiplied": [
        "unit = torch.where((largest > 0) & largest.isfinite(), largest, 2.0)",
    ],
    "no number is left here but the two infinities": [
        "return \"NaN\" if math.isnan(value) else f\"{'-' * (value <= 0)}Infinity\"",
        "return \"NaN\" if math.isnan(value) else f\"{'-' * (value < 1)}Infinity\"",
    ],
    "the sign is dropped one line later": [
        "row_entropies = +(self.P * logs).sum(axis=1)  # (n,)",
    ],
    "memory that nothing is written into is multiplied by 0, and mostly no NaN": [
        "logs = np.log(self.P, where=self.P > 0, out=None)  # (n, n)",
    ],
    "there is no GPU here": [
        'has_autocast = X.device.type in ("cpu", "XXcudaXX")',
        'has_autocast = X.device.type in ("cpu", "CUDA")',
    ],
    "autocast is known on every device here": [
        "torch.autocast(X.device.type, enabled=False) if (has_autocast) or True "
        "else nullcontext()",
    ],
    "parameters with hooks are those of test_odd_runs.py": [
        "return bool(None)",
        "return bool(param._backward_hooks and param._post_accumulate_grad_hooks)",
    ],
    "any number larger than all counts does": [
        "too_often = 2 + max(counts.values(), default=0)  # so that none is added",
        "too_often = 1 + max(counts.values(), default=1)  # so that none is added",
    ],
    "with another default device, which test_odd_devices.py has": [
        "return torch.empty(0, dtype=torch.int64, device=None)",
        "return torch.empty(0, dtype=torch.int64, )",
    ],
    "a list of what is a sequence is the same": [
        "names = list(vocab) if (isinstance(vocab, Mapping)) or True "
        "else vocab  # {token: index}",
    ],
    "what is no string is none of these names": [
        "return NOT_FINITE.get(value, value) if (isinstance(value, str)) or True "
        "else value",
    ],
    "the parameters are there already": [
        'sizes["D"], sizes["H"], None, lambda *_: params, init_state, recurrence',
    ],
}  # fmt: skip
# In a message, what came is told no more.
WORDS = ("shown(None)", "sorted(None)", "raise ValueError(None)")
REASONS = {line: why for why, lines in BY_REASON.items() for line in lines}


def reason(line: str) -> str | None:
    """Why no test finds this change, if that is known."""
    is_words = any(words in line for words in WORDS)
    return "only the words of a message" if is_words else REASONS.get(line)
