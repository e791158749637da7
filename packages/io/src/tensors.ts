import { type DType, type HostTensor, type Tensor, tensor } from '@cotangent/core'
import {
  attemptTask,
  type BadContainer,
  E,
  escapeForTerminal,
  pipe,
  TE,
  type WriteFailed,
  type WrongProgram,
  type WrongShape,
} from '@cotangent/prelude'
import type { FileLayer } from './files/fileLayer.js'
import { type ReadError, readSafetensors } from './safetensors/readSafetensors.js'
import { readWeights, type WeightsError } from './safetensors/readWeights.js'
import { type Metadata, writeSafetensors } from './safetensors/writeSafetensors.js'
import {
  nonFiniteTensors,
  type Origin,
  type StoredDType,
  type StoredTensor,
  storedBfloat16,
  storedBool,
  storedFloat16,
  storedFloat32,
  storedFloat64,
  storedInt32,
  storedUint32,
  toBool,
  toFloat32,
  toFloat64,
  toInt32,
  toUint32,
} from './storedTensor.js'

/**
 * The dtype in which a stored tensor is computed with: every one is held exactly, but for I64 and U64, whose values must
 * fit.
 */
export const computedDType: Readonly<Record<StoredDType, DType>> = {
  BOOL: 'bool',
  U8: 'i32',
  I8: 'i32',
  I16: 'i32',
  U16: 'i32',
  F16: 'f32',
  BF16: 'f32',
  I32: 'i32',
  U32: 'u32',
  F32: 'f32',
  F64: 'f64',
  I64: 'i32',
  U64: 'u32',
}

const elementsOf = {
  f32: toFloat32,
  f64: toFloat64,
  i32: toInt32,
  u32: toUint32,
  bool: toBool,
} as const satisfies Record<DType, unknown>

/**
 * A stored tensor as a tensor on the host, in the dtype of `computedDType`. F32, F64, I32, U32 and BOOL share memory with
 * the stored one where it is aligned.
 *
 * @returns Left of WrongShape where a value does not fit
 * @example toTensor(storedFloat32([1, 2], [2]), { name: 'w' }) // => E.right([1, 2])
 */
export const toTensor = (stored: StoredTensor, origin: Origin): E.Either<WrongShape, HostTensor> => {
  const elements: E.Either<WrongShape, HostTensor['data']> = elementsOf[computedDType[stored.dtype]](stored, origin)
  return E.map((data: HostTensor['data']) => tensor(data, stored.shape))(elements)
}

/** How floats of f32 are stored: as they are, or rounded to one of the 16-bit forms. */
export type FloatStorage = 'F32' | 'F16' | 'BF16'

const storedFloats: Readonly<Record<FloatStorage, typeof storedFloat32>> = {
  F32: storedFloat32,
  F16: storedFloat16,
  BF16: storedBfloat16,
}

/**
 * The stored form of a tensor; one on a device is copied to the host first.
 *
 * @param floats how f32 is stored; f64, i32, u32 and bool are stored as they are
 * @returns Left of WrongProgram for a tensor that cannot be read: donated, or traced
 */
export const fromTensor = (source: Tensor, floats: FloatStorage = 'F32'): TE.TaskEither<WrongProgram, StoredTensor> =>
  attemptTask(async () => {
    const { data, shape, dtype } = await source.read()
    switch (dtype) {
      case 'f32':
        return storedFloats[floats](data, shape)
      case 'f64':
        return storedFloat64(data, shape)
      case 'i32':
        return storedInt32(data, shape)
      case 'u32':
        return storedUint32(data, shape)
      case 'bool':
        return storedBool(data, shape)
    }
  })

const toTensors = (
  stored: ReadonlyMap<string, StoredTensor>,
  file: string,
): E.Either<WrongShape, ReadonlyMap<string, HostTensor>> => {
  const tensors = new Map<string, HostTensor>()
  for (const [name, each] of stored) {
    const converted = toTensor(each, { name, file })
    if (E.isLeft(converted)) return converted
    tensors.set(name, converted.right)
  }
  return E.right(tensors)
}

/**
 * The tensors of a safetensors file, on the host.
 *
 * @param names those that are needed; all of them unless given
 * @example readTensors('model.safetensors')
 */
export const readTensors = (
  path: string,
  names?: readonly string[],
): TE.TaskEither<ReadError | WrongShape, ReadonlyMap<string, HostTensor>> =>
  pipe(
    readSafetensors(path, names),
    TE.flatMapEither(
      ({ tensors }): E.Either<ReadError | WrongShape, ReadonlyMap<string, HostTensor>> => toTensors(tensors, path),
    ),
  )

/** The weights of a model folder as tensors on the host. */
export interface ModelTensors {
  readonly tensors: ReadonlyMap<string, HostTensor>
  readonly metadata: Metadata
  /** What is odd but not wrong, a sentence each: also which tensors hold NaN or infinities. */
  readonly warnings: readonly string[]
}

/**
 * The weights of a model folder (`model.safetensors`, or shards and their index) as tensors on the host.
 *
 * @example readModelTensors('models/bert')
 */
export const readModelTensors = (folder: string): TE.TaskEither<WeightsError | WrongShape, ModelTensors> =>
  pipe(
    readWeights(folder),
    TE.flatMapEither(
      ({ tensors, metadata, warnings }): E.Either<WeightsError | WrongShape, ModelTensors> =>
        pipe(
          toTensors(tensors, folder),
          E.map((converted) => ({
            tensors: converted,
            metadata,
            warnings: [...warnings, ...nonFiniteWarning(tensors)],
          })),
        ),
    ),
  )

const nonFiniteWarning = (tensors: ReadonlyMap<string, StoredTensor>): readonly string[] => {
  const names = nonFiniteTensors(tensors)
  const some = names.slice(0, 5).map((name) => escapeForTerminal(name, 80))
  const more = names.length > some.length ? ` and ${names.length - some.length} more` : ''
  return names.length === 0 ? [] : [`These weights hold NaN or infinities: ${some.join(', ')}${more}.`]
}

/** How tensors are written. */
export interface WriteOptions {
  /** Texts for the header; transformers and PEFT write and ask for `format: pt`, which is the default. */
  readonly metadata?: Metadata
  readonly floats?: FloatStorage
  readonly layer?: FileLayer
}

const pytorch: Metadata = new Map([['format', 'pt']])

/**
 * Writes tensors into a safetensors file, atomically. Equal tensors give equal bytes.
 *
 * @example writeTensors('adapter_model.safetensors', new Map([['w', array([1, 2])]]))
 */
export const writeTensors = (
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  { metadata = pytorch, floats = 'F32', layer }: WriteOptions = {},
): TE.TaskEither<BadContainer | WriteFailed | WrongProgram, void> =>
  pipe(
    [...tensors],
    TE.traverseSeqArray(([name, each]) =>
      pipe(
        fromTensor(each, floats),
        TE.map((stored): readonly [string, StoredTensor] => [name, stored]),
      ),
    ),
    TE.flatMap((stored) => writeSafetensors(path, new Map(stored), metadata, layer)),
  )
