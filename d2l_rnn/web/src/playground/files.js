// A run as a file that `d2l_rnn.saving.load` reads, and back.

import { COLUMNS } from "../columns.js";
import { pack, unpack } from "../rnn/saving.js";
import { Run } from "../rnn/training.js";
import { fitted } from "./corpus.js";

/** The bytes of a run, as it was after its last whole epoch. Refused before that. */
export async function fileOf(run, version) {
  if (!run?.numEpochs) throw new Error("it has not learned an epoch yet");
  if (!run.kept.every((param) => param.every(Number.isFinite))) throw new Error("its weights are not finite");
  const { theta, lr, seed, numHiddens, batchSize, numSteps, isRandom } = run.setting;
  const setting = { theta, lr, seed, num_hiddens: numHiddens, batch_size: batchSize, num_steps: numSteps, use_random_iter: isRandom, cell: "scratch" };
  const history = run.columns[0].map((_, i) => record(run, i));
  return pack({ params: run.kept, vocab: run.text.vocab, setting, history, versions: { "d2l_rnn playground": version } });
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
  const own = setting ? named(setting) : { ...fallback, numHiddens: params[2].length };
  const columns = COLUMNS.map((name) => history.map((each) => each[name]));
  const speeds = history.map((each) => each.tokens_per_second);
  const sizes = fitted(text.corpus.length, own);
  const run = Run.restored(recoded(text, vocab), { ...own, ...sizes }, { params, columns, speeds });
  return Object.assign(run, { isFromFile: true });
}

function named({ theta, lr, seed, num_hiddens, batch_size, num_steps, use_random_iter }) {
  return { theta, lr, seed, numHiddens: num_hiddens, batchSize: batch_size, numSteps: num_steps, isRandom: use_random_iter };
}

/** A text in another vocabulary; the same text if that is the same one. */
function recoded(text, vocab) {
  const { tokens } = text.vocab;
  if (tokens.length === vocab.length && tokens.every((token, i) => token === vocab.tokens[i])) return text;
  const again = (indices) => vocab.encode(text.vocab.decode(indices));
  return { ...text, vocab, corpus: again(text.corpus), heldOut: again(text.heldOut), best: null };
}
