/* The one place that touches onnxruntime: starting it, and tensors to and from it. */
import {
  type Aval,
  BufferError,
  type DType,
  HostTensor,
  IndexError,
  type Tensor,
  type TypedArray,
} from '@cotangent/core'
import { E, type EngineUnavailable, engineUnavailable, type TE } from '@cotangent/prelude'
import type * as Ort from 'onnxruntime-node'

export type Runtime = typeof Ort
export type Session = Ort.InferenceSession
export type SessionOptions = Ort.InferenceSession.SessionOptions
export type RuntimeTensor = Ort.Tensor

const install = [
  'install it with `npm install onnxruntime-node`;',
  'its native library is part of the package (Linux, macOS and Windows; x64 and arm64), but its install script asks',
  'for CUDA files and may fail without a network: `npm install --ignore-scripts onnxruntime-node` leaves them out',
].join(' ')

/** Loads onnxruntime; what goes wrong is a value, with what to do about it. */
export const startRuntime: TE.TaskEither<EngineUnavailable, Runtime> = async () => {
  try {
    const ort = await import('onnxruntime-node')
    ort.env.logLevel = 'fatal' // errors come as exceptions
    return E.right(ort)
  } catch (cause) {
    const received = cause instanceof Error ? cause.message : String(cause)
    return E.left(
      engineUnavailable(
        'onnx',
        `onnxruntime-node does not load on ${process.platform}-${process.arch}: ${received}`,
        install,
      ),
    )
  }
}

const runtimeTypes = { f32: 'float32', f64: 'float64', i32: 'int32', u32: 'uint32', bool: 'bool' } as const

/** A tensor over the array, without a copy. */
export const toRuntime = (ort: Runtime, data: TypedArray, { shape, dtype }: Aval): RuntimeTensor =>
  new ort.Tensor(runtimeTypes[dtype], data, shape)

const arrays: Readonly<Record<DType, (data: unknown) => data is TypedArray>> = {
  f32: (data): data is Float32Array => data instanceof Float32Array,
  f64: (data): data is Float64Array => data instanceof Float64Array,
  i32: (data): data is Int32Array => data instanceof Int32Array,
  u32: (data): data is Uint32Array => data instanceof Uint32Array,
  bool: (data): data is Uint8Array => data instanceof Uint8Array,
}

/** The tensor's own array. */
export const fromRuntime = (tensor: RuntimeTensor, { dtype }: Aval): TypedArray => {
  const { data } = tensor
  if (!arrays[dtype](data)) throw new Error(`onnxruntime gave ${tensor.type} for ${dtype}`)
  return data
}

/** The tensor, which must be on the host: this engine has no other device. */
export const onHost = (x: Tensor): HostTensor => {
  if (x instanceof HostTensor) return x
  throw new BufferError({
    op: 'onnxEngine',
    expected: 'its programs take tensors on the host.',
    received: x.toString(),
    todo: 'pass what await t.read() gives',
  })
}

/** Onnxruntime's message for a bad index names a node that the user never saw. */
export const explained = (cause: unknown): never => {
  const text = cause instanceof Error ? cause.message : String(cause)
  if (!/out of (data )?bounds|invalid index|indices element|out of range value in index/i.test(text)) throw cause
  throw new IndexError({
    op: 'take or scatterAdd',
    expected: 'an index must be from 0 to the length of its axis less 1.',
    received: text.replace(/^.*(idx|indices element)/is, '$1'),
    todo: 'check the indices before the call; -1 does not mean the last one',
  })
}
