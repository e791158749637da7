import { type Engine, referenceEngine } from '@cotangent/core'
import { startOnnxEngine } from '@cotangent/engine-onnx'
import { badOption, type EdgeError, suggestion, TE } from '@cotangent/prelude'

/** How an engine is made from the command line's options. */
type MakeEngine = (options: { readonly threads: number }) => TE.TaskEither<EdgeError, Engine>

/** The engines that a study can run on. */
const engines: ReadonlyMap<string, MakeEngine> = new Map<string, MakeEngine>([
  ['onnx', ({ threads }) => startOnnxEngine({ threads })],
  ['reference', () => TE.right(referenceEngine())],
])

export const engineNames: readonly string[] = [...engines.keys()]

/** Makes the engine of that name. */
export const makeEngine = (name: string, threads: number): TE.TaskEither<EdgeError, Engine> => {
  const make = engines.get(name)
  return make === undefined
    ? TE.left(
        badOption('--engine', {
          must: `--engine must be one of ${engineNames.join(', ')}.`,
          received: `"${name}"; ${suggestion(name, engineNames)}`,
          todo: 'choose one of them; onnx is the fast one',
        }),
      )
    : make({ threads })
}
