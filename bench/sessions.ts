import { InferenceSession } from 'onnxruntime-node'

/** A session that was made meanwhile: of which model and options, and in how many milliseconds. */
export interface MadeSession {
  readonly model: Uint8Array
  readonly options: InferenceSession.SessionOptions
  readonly ms: number
}

/** Runs something, and notes the sessions that it makes. */
export const watchSessions = async <T>(body: () => Promise<T>) => {
  const { create } = InferenceSession
  const made: MadeSession[] = []
  InferenceSession.create = async (...given: readonly unknown[]) => {
    const start = performance.now()
    const session = await Reflect.apply(create, InferenceSession, given)
    const [model, options] = given as [Uint8Array, InferenceSession.SessionOptions] // border: how the engine calls it
    made.push({ model, options, ms: performance.now() - start })
    return session
  }
  try {
    return { result: await body(), made }
  } finally {
    InferenceSession.create = create
  }
}
