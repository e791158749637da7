/*
 * All that a page needs, as one safetensors file: the pre-trained model under `model.`, and under `mails.` the
 * fine-tuning set with the teacher's answers.
 */
import { key, type Tensor, tensor, treeEntries } from '@cotangent/core'
import { mailLabels, type StudySettings, studyConfig } from '@cotangent/experiment'
import { decodeSafetensors, toTensor } from '@cotangent/io'
import { type BadContainer, badContainer, E, type EdgeError, pipe } from '@cotangent/prelude'
import { type BertClassifierParams, type BertConfig, initBert, paramsFromTensors } from '@cotangent/transformer'

/** The fine-tuning set, a row a mail. */
export interface LabMails {
  /** i32[mails, length] */
  readonly inputIds: Tensor
  /** i32[mails, length] */
  readonly attentionMask: Tensor
  /** i32[mails] */
  readonly labels: Tensor
  /** The pre-trained model's logits, f32[mails, classes] */
  readonly teacher: Tensor
}

export interface LabData {
  readonly model: BertClassifierParams
  readonly mails: LabMails
}

export const labFileName = 'lab.safetensors'

/** A tree of the right structure, to compare with. */
const expectedOf = (settings: StudySettings, vocabulary: number, rows: number) => {
  const config = studyConfig(settings, mailLabels, vocabulary)
  const of = (data: Int32Array | Float32Array, ...shape: readonly number[]): Tensor => tensor(data, shape)
  const { length } = settings.model
  const mails: LabMails = {
    inputIds: of(new Int32Array(rows * length), rows, length),
    attentionMask: of(new Int32Array(rows * length), rows, length),
    labels: of(new Int32Array(rows), rows),
    teacher: of(new Float32Array(rows * mailLabels.length), rows, mailLabels.length),
  }
  return { config, tree: { model: initBert(key(0), config, 'classify'), mails } }
}

const layoutOf = (tree: unknown): readonly string[] =>
  treeEntries(tree)
    .map(([path, { dtype, shape }]) => `${path} ${dtype}[${shape.join(',')}]`)
    .sort()

/** What is in the file, and the model's configuration; Left where it is not what these settings ask for. */
export const decodeLab = (
  bytes: Uint8Array,
  settings: StudySettings,
): E.Either<EdgeError, LabData & { readonly config: BertConfig }> =>
  pipe(
    decodeSafetensors(bytes, labFileName),
    E.flatMap(({ tensors }) =>
      pipe(
        [...tensors],
        E.traverseArray(([name, stored]) =>
          pipe(
            toTensor(stored, { name, file: labFileName }),
            E.map((each) => [name, each] as const),
          ),
        ),
      ),
    ),
    E.flatMap((named): E.Either<EdgeError, LabData & { readonly config: BertConfig }> => {
      const tensors = new Map<string, Tensor>(named)
      const vocabulary = tensors.get('model.bert.embeddings.word_embeddings.weight')?.shape[0] ?? 1
      const { config, tree } = expectedOf(settings, vocabulary, settings.fineTuning.mails)
      return pipe(
        paramsFromTensors(tensors, labFileName),
        E.flatMap((found): E.Either<BadContainer, LabData & { readonly config: BertConfig }> => {
          const [expected, received] = [layoutOf(tree), layoutOf(found)]
          const at = expected.findIndex((line, i) => line !== received[i])
          return at < 0 && expected.length === received.length
            ? // border: it has the very leaves of such a tree
              E.right({ ...(found as unknown as LabData), config })
            : E.left(
                badContainer(labFileName, `there must be ${expected[at] ?? 'nothing more'}`, received[at] ?? 'nothing'),
              )
        }),
      )
    }),
  )
