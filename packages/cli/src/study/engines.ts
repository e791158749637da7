import { type Engine, referenceEngine } from '@cotangent/core'
import { type GpuEngine, type RequestedMode, startGpuEngine } from '@cotangent/engine-gpu'
import { startOnnxEngine } from '@cotangent/engine-onnx'
import { badOption, E, type EdgeError, escapeLines, pipe, suggestion, TE } from '@cotangent/prelude'

/** An engine that a study runs on. */
export interface StudyEngine {
  readonly engine: Engine
  /** What computes, and where there was a choice, why it is this. */
  readonly runsOn: string
}

/** How an engine is made from the command line's options. */
type MakeEngine = (options: { readonly threads: number }) => TE.TaskEither<EdgeError, StudyEngine>

const warn = (message: string): void => {
  process.stderr.write(`warning  ${escapeLines(message)}\n`)
}

const onnx = (threads: number, why = ''): TE.TaskEither<EdgeError, StudyEngine> =>
  pipe(
    startOnnxEngine({ threads }),
    TE.map((engine) => ({ engine, runsOn: `onnxruntime on the processor${why}` })),
  )

const passed = ({ passedOver }: GpuEngine): string => `no graphics card was found: ${passedOver.join('; ')}`

/**
 * gpu.js in a mode. Where it was to choose and found no graphics card, it warns: the study takes many times longer.
 *
 * @param startGpu only tests give another
 */
export const gpu =
  (mode: RequestedMode, startGpu: typeof startGpuEngine = startGpuEngine): MakeEngine =>
  () =>
    pipe(
      startGpu({ mode, warn }),
      TE.tapIO((engine) => () => {
        if (mode === 'auto' && engine.adapter.software)
          warn('without a graphics card gpu.js is many times slower than --engine onnx')
      }),
      TE.map((engine) => ({
        engine,
        runsOn: `gpu.js on ${engine.adapter.name}${engine.passedOver.length === 0 ? '' : `; ${passed(engine)}`}`,
      })),
    )

/**
 * A graphics card that computes right, else onnxruntime: without a card gpu.js is many times slower.
 *
 * @param startGpu only tests give another
 */
export const auto =
  (startGpu: typeof startGpuEngine = startGpuEngine): MakeEngine =>
  ({ threads }) =>
    pipe(
      startGpu({ mode: 'auto', warn }),
      TE.flatMap((engine) =>
        engine.adapter.software
          ? pipe(
              TE.fromTask(() => engine.close()),
              TE.flatMap(() => onnx(threads, `; ${passed(engine)}`)),
            )
          : TE.right({
              engine,
              runsOn: `gpu.js on ${engine.adapter.name}, a graphics card that passed its self-test`,
            }),
      ),
    )

/** The engines that a study can run on; after a colon the mode of gpu.js. */
const engines: ReadonlyMap<string, MakeEngine> = new Map<string, MakeEngine>([
  ['onnx', ({ threads }) => onnx(threads)],
  ['gpu', gpu('auto')],
  ['gpu:webgpu', gpu('webgpu')],
  ['gpu:webasm', gpu('webasm')],
  ['gpu:cpu', gpu('cpu')],
  ['auto', auto()],
  ['reference', () => TE.right({ engine: referenceEngine(), runsOn: "the operations' own code on the processor" })],
])

export const engineNames: readonly string[] = [...engines.keys()]

/** How the engine of that name is started; Left where there is none of that name. */
export const engineNamed = (name: string): E.Either<EdgeError, MakeEngine> => {
  const make = engines.get(name)
  return make === undefined
    ? E.left(
        badOption('--engine', {
          must: '--engine must be the name of an engine.',
          received: `"${name}"; ${suggestion(name, engineNames)}`,
          todo: 'choose one of them; onnx is the fast one without a graphics card, auto looks for a card',
        }),
      )
    : E.right(make)
}

/** Uses an engine and closes it, whatever happens. */
export const withEngine =
  <A>(
    start: TE.TaskEither<EdgeError, StudyEngine>,
    use: (started: StudyEngine) => TE.TaskEither<EdgeError, A>,
  ): TE.TaskEither<EdgeError, A> =>
  async () => {
    const started = await start()
    if (E.isLeft(started)) return started
    try {
      return await use(started.right)()
    } finally {
      await started.right.engine.close()
    }
  }
