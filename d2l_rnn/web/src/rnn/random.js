// The generators of Python's `random` and of PyTorch, number for number: the same seed
// gives the same parameters and minibatches here as in the package.

const SIZE = 624;
const SHIFT = 397;

/** The Mersenne Twister MT19937 (Matsumoto and Nishimura, 1998): 32 bits at a time. */
class Twister {
  constructor(seed) {
    this.words = new Uint32Array(SIZE);
    this.words[0] = seed;
    for (let i = 1; i < SIZE; i += 1) this.words[i] = Math.imul(1812433253, this.mixed(i - 1)) + i;
    this.next = SIZE;
  }

  /** The state that a list of numbers gives. */
  static of(key) {
    const twister = new Twister(19650218);
    const { words } = twister;
    let i = 1;
    const goOn = () => {
      i += 1;
      if (i < SIZE) return;
      words[0] = words[SIZE - 1];
      i = 1;
    };
    for (let k = 0; k < Math.max(SIZE, key.length); k += 1) {
      const j = k % key.length;
      words[i] = (words[i] ^ Math.imul(twister.mixed(i - 1), 1664525)) + key[j] + j;
      goOn();
    }
    for (let k = 1; k < SIZE; k += 1) {
      words[i] = (words[i] ^ Math.imul(twister.mixed(i - 1), 1566083941)) - i;
      goOn();
    }
    words[0] = 0x80000000;
    return twister;
  }

  mixed(i) {
    return this.words[i] ^ (this.words[i] >>> 30);
  }

  /** The next 32 bits. */
  bits() {
    if (this.next === SIZE) this.twist();
    let y = this.words[this.next];
    this.next += 1;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  twist() {
    const { words } = this;
    for (let i = 0; i < SIZE; i += 1) {
      const y = (words[i] & 0x80000000) | (words[(i + 1) % SIZE] & 0x7fffffff);
      words[i] = words[(i + SHIFT) % SIZE] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.next = 0;
  }
}

/** `random.Random(seed)` of Python, for a seed from 0 to 2³² - 1. */
export class Random {
  constructor(seed) {
    this.twister = Twister.of([seed]);
  }

  /** A whole number from `low` to `high`, both included. */
  randint(low, high) {
    return low + this.below(high - low + 1);
  }

  below(n) {
    const spare = Math.clz32(n);
    let found = n;
    while (found >= n) found = this.twister.bits() >>> spare;
    return found;
  }

  /** A number from 0 up to 1, without 1. */
  random() {
    const [high, low] = [this.twister.bits() >>> 5, this.twister.bits() >>> 6];
    return (high * 67108864 + low) / 9007199254740992;
  }

  /** Put an array in a random order, in its place. */
  shuffle(array) {
    for (let i = array.length - 1; i > 0; i -= 1) {
      const j = this.below(i + 1);
      [array[i], array[j]] = [array[j], array[i]];
    }
  }
}

const AT_ONCE = 16; // numbers that PyTorch draws together

/** `torch.randn` on the CPU, of one `torch.Generator` after `manual_seed(seed)`. */
export class Normal {
  constructor(seed) {
    this.twister = new Twister(seed);
  }

  /** As many numbers as this, at least 16, times `scale`; float32. */
  draw(size, scale) {
    const drawn = new Float32Array(size);
    for (let i = 0; i < size; i += 1) drawn[i] = this.uniform();
    for (let i = 0; i + AT_ONCE <= size; i += AT_ONCE) pairUp(drawn.subarray(i, i + AT_ONCE));
    if (size % AT_ONCE) {
      const last = drawn.subarray(size - AT_ONCE); // drawn once more, as PyTorch does
      for (let i = 0; i < AT_ONCE; i += 1) last[i] = this.uniform();
      pairUp(last);
    }
    for (let i = 0; i < size; i += 1) drawn[i] *= scale;
    return drawn;
  }

  uniform() {
    return (this.twister.bits() & 0xffffff) / 0x1000000;
  }
}

/** Uniform numbers become normal ones, by Box and Muller: the first with the ninth … */
function pairUp(numbers) {
  for (let i = 0; i < AT_ONCE / 2; i += 1) {
    const radius = Math.sqrt(-2 * Math.log(1 - numbers[i]));
    const angle = 2 * Math.PI * numbers[i + AT_ONCE / 2];
    numbers[i] = radius * Math.cos(angle);
    numbers[i + AT_ONCE / 2] = radius * Math.sin(angle);
  }
}
