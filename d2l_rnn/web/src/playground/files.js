// A run as a file that `d2l_rnn.saving.load` reads, and back.

import { COLUMNS } from "../columns.js";
import { pack, unpack } from "../rnn/saving.js";
import { Run } from "../rnn/training.js";
import { Refusal } from "../words.js";
import { fitted, recoded } from "./corpus.js";

const MOST_SEED = 2 ** 32 - 1; // of `Random`

/** The bytes of a run, as it was after its last whole epoch. Refused before that. */
export async function fileOf(run, version) {
  if (!run?.numEpochs) throw new Refusal("it has not learned an epoch yet");
  if (!run.kept.every((param) => param.every(Number.isFinite))) throw new Refusal("its weights are not finite");
  const { theta, lr, seed, numHiddens, batchSize, numSteps, isRandom } = run.setting;
  const setting = { theta, lr, seed, num_hiddens: numHiddens, batch_size: batchSize, num_steps: numSteps, use_random_iter: isRandom, cell: "scratch" };
  const history = run.columns[0].map((_, i) => record(run, i));
  const params = run.kept.map((param) => param.slice()); // the run may learn on while the file is made
  return pack({ params, vocab: run.text.vocab, setting, history, versions: { "d2l_rnn playground": version } });
}

function record(run, i) {
  const numbers = Object.fromEntries(COLUMNS.map((name, j) => [name, run.columns[j][i]]));
  const hasDiverged = run.hasDiverged && i === run.numEpochs - 1;
  return { epoch: i + 1, ...numbers, tokens_per_second: run.speeds[i], diverged: hasDiverged, state_gradient_norms: [], theta: run.setting.theta };
}

/**
 * The run in a file. It goes on with `text`, read with the vocabulary of the file; where
 * the file does not say what it was trained with, it goes on with `fallback`.
 */
export async function runFrom(bytes, text, fallback) {
  const { params, vocab, setting, history } = await unpack(bytes);
  const asked = setting ? named(setting) : { ...fallback, numHiddens: params[2].length };
  if (asked.seed > MOST_SEED) throw new Refusal("its seed is {seed}; this page takes seeds up to {most}", { seed: asked.seed, most: MOST_SEED });
  const columns = COLUMNS.map((name) => history.map((each) => each[name]));
  const speeds = history.map((each) => each.tokens_per_second);
  const sizes = fitted(text.corpus.length, asked);
  const run = Run.restored(recoded(text, vocab), { ...asked, ...sizes }, { params, columns, speeds });
  return Object.assign(run, { isFromFile: true, asked });
}

function named({ theta, lr, seed, num_hiddens, batch_size, num_steps, use_random_iter }) {
  return { theta, lr, seed, numHiddens: num_hiddens, batchSize: batch_size, numSteps: num_steps, isRandom: use_random_iter };
}
