import { add, array, compile, type Engine, mul, type Tensor } from '@cotangent/core'
import { InferenceSession, Tensor as RuntimeTensor } from 'onnxruntime-node'
import { watchSessions } from './sessions.js'

const calls = 2000

/** Microseconds of one of many calls, one after the other. */
const timeCalls = async (call: () => Promise<unknown>): Promise<number> => {
  const start = performance.now()
  for (let i = 0; i < calls; i++) await call()
  return ((performance.now() - start) * 1000) / calls
}

/**
 * A compiled call of a function with next to nothing to compute, and onnxruntime's own call of the same model, with the
 * same options and its inputs made before: what the way through the framework costs. Microseconds of one call.
 */
export const makeTinyCall = async (engine: Engine) => {
  const [x, y] = [array([1, 2, 3, 4]), array([5, 6, 7, 8])]
  const compiled = compile((a: Tensor, b: Tensor) => add(mul(a, b), a), engine)
  const { made } = await watchSessions(() => compiled(x, y))
  const [only] = made
  if (only === undefined || made.length > 1) throw new Error(`${made.length} sessions for one small program`)
  const session = await InferenceSession.create(only.model, only.options)
  const feeds = Object.fromEntries([x, y].map(({ data, shape }, i) => [`x${i}`, new RuntimeTensor(data, shape)]))
  return {
    ours: () => timeCalls(() => compiled(x, y)),
    bare: () => timeCalls(() => session.run(feeds)),
    close: () => session.release(),
  }
}
