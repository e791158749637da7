import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type BadContainer,
  type BadInput,
  badContainer,
  E,
  escapeForTerminal,
  finite,
  type MissingFile,
  missingFile,
  missingTensor,
  open,
  pipe,
  TE,
  t,
} from '@cotangent/prelude'
import { readJson } from '../files/readFile.js'
import { systemCode, systemText } from '../files/systemError.js'
import type { StoredTensor } from '../storedTensor.js'
import { nearNames, type ReadError, readSafetensors } from './readSafetensors.js'

/** The weights of a model folder, from one file or from several. */
export interface Weights {
  readonly tensors: ReadonlyMap<string, StoredTensor>
  /** Of the only or the first file. */
  readonly metadata: ReadonlyMap<string, string>
  /** What is odd but not wrong, a sentence each. */
  readonly warnings: readonly string[]
}

/** Why weights could not be read. */
export type WeightsError = ReadError | BadInput

/** The names that transformers gives to a model's weights. */
export const weightsName = 'model.safetensors'
/** The list of the files of weights in several parts. */
export const weightsIndexName = 'model.safetensors.index.json'

// A plain file name and nothing else: no folder, no drive, no address, no null byte. `..` does not match either.
const shardName = /^[\w.-]+\.safetensors$/

const indexCodec = open({ weight_map: t.UnknownRecord }, { metadata: open({}, { total_size: finite }) })

interface ShardIndex {
  /** The tensors of each shard, in the order of the index. */
  readonly shards: ReadonlyMap<string, readonly string[]>
  readonly totalBytes: number | undefined
}

const shardsOf = (
  weightMap: Readonly<Record<string, unknown>>,
  file: string,
): E.Either<BadContainer, ReadonlyMap<string, readonly string[]>> => {
  const shards = new Map<string, string[]>()
  for (const name of Object.keys(weightMap)) {
    const shard = weightMap[name]
    if (typeof shard !== 'string' || !shardName.test(shard)) {
      const received = typeof shard === 'string' ? `"${escapeForTerminal(shard, 80)}"` : `a ${typeof shard}`
      const reason = 'it must be in a file of this folder with a plain name that ends with .safetensors'
      return E.left(badContainer(file, reason, received, name))
    }
    const names = shards.get(shard)
    if (names === undefined) shards.set(shard, [name])
    else names.push(name)
  }
  return E.right(shards)
}

/**
 * Reads the index of a model whose weights lie in several files. Names of files that leave the folder are refused.
 */
const readIndex = (path: string): TE.TaskEither<WeightsError, ShardIndex> =>
  pipe(
    readJson(path, indexCodec),
    TE.flatMapEither((index) =>
      pipe(
        shardsOf(index.weight_map, path),
        E.map((shards) => ({ shards, totalBytes: index.metadata?.total_size })),
      ),
    ),
  )

/**
 * Reads the weights named in an index such as `model.safetensors.index.json`: every shard must be there and hold the
 * tensors that the index says.
 *
 * @param folder where index and shards lie
 * @returns warnings for tensors outside the index and for a `total_size` that is wrong
 */
export const readShardedWeights =
  (folder: string, indexName = weightsIndexName): TE.TaskEither<WeightsError, Weights> =>
  async () => {
    const path = join(folder, indexName)
    const index = await readIndex(path)()
    if (E.isLeft(index)) return index
    const tensors = new Map<string, StoredTensor>()
    const warnings: string[] = []
    let metadata: ReadonlyMap<string, string> | undefined
    let bytes = 0
    for (const [shard, names] of index.right.shards) {
      const content = await readSafetensors(join(folder, shard))()
      if (E.isLeft(content)) return content
      metadata ??= content.right.metadata
      for (const name of names) {
        const tensor = content.right.tensors.get(name)
        if (tensor === undefined) {
          const missing = names.filter((other) => !content.right.tensors.has(other))
          return E.left(
            missingTensor(missing, join(folder, shard), nearNames(missing, [...content.right.tensors.keys()])),
          )
        }
        tensors.set(name, tensor)
        bytes += tensor.data.byteLength
      }
      const listed = new Set(names)
      const extra = [...content.right.tensors.keys()].filter((name) => !listed.has(name))
      if (extra.length > 0) warnings.push(extraText(shard, extra, indexName))
    }
    const { totalBytes } = index.right
    if (totalBytes !== undefined && totalBytes !== bytes)
      warnings.push(`${indexName} says ${totalBytes} bytes in all (total_size); the tensors have ${bytes}.`)
    return E.right({ tensors, metadata: metadata ?? new Map(), warnings })
  }

const extraText = (shard: string, extra: readonly string[], indexName: string): string =>
  `${shard} holds ${extra.length} tensors that ${indexName} does not place there, such as ` +
  `${escapeForTerminal(extra[0] ?? '', 80)}; they were left out.`

const list = (folder: string): TE.TaskEither<MissingFile, readonly string[]> =>
  TE.tryCatch(
    () => readdir(folder),
    (thrown) => missingFile(folder, systemText(thrown), 'give the folder of a model', systemCode(thrown)),
  )

const readOne = (path: string): TE.TaskEither<WeightsError, Weights> =>
  pipe(
    readSafetensors(path),
    TE.map(({ tensors, metadata }) => ({ tensors, metadata, warnings: [] })),
  )

/**
 * Reads the weights of a model folder as transformers writes it: `model.safetensors`, or the shards of
 * `model.safetensors.index.json`. A folder with PyTorch's own files only is refused, since those run code.
 *
 * @example readWeights('models/bert')
 */
export const readWeights = (folder: string): TE.TaskEither<WeightsError, Weights> =>
  pipe(
    list(folder),
    TE.flatMap((names): TE.TaskEither<WeightsError, Weights> => {
      if (names.includes(weightsName)) return readOne(join(folder, weightsName))
      if (names.includes(weightsIndexName)) return readShardedWeights(folder)
      const pickle = names.find((name) => /^pytorch_model.*\.(bin|json)$/.test(name))
      if (pickle !== undefined) return readOne(join(folder, 'pytorch_model.bin'))
      const received = 'neither it nor model.safetensors.index.json is in the folder'
      return TE.left(missingFile(join(folder, weightsName), received, 'give the folder of a model', 'ENOENT'))
    }),
  )
