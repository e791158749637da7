/*
 * npm run bench:gpu -- [--rounds N] [--modes cpu,webasm,webgpu] [--only TEXT] [--json FILE]
 *
 * Two ways to run a program of gpu.js kernels: the engine's schedule, whose values stay on the device, and gpu.js's
 * `createPipeline`, which compiles the whole of it, takes its arguments from the host and gives its results there. The
 * kernels are the same. Programs are small, as are their states, so that the copies cost `createPipeline` little.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type GpuEngine, startGpuEngine } from '@cotangent/engine-gpu'
import { E, threeParts } from '@cotangent/prelude'
import { GPU } from 'gpu.js'
import { callsOf, pipelineOf } from './gpuPipeline.js'
import { type SmallProgram, smallPrograms } from './gpuPrograms.js'
import { capture, pick, pipelineCall, scheduleCall, traffics, type Way } from './gpuWays.js'
import { pairsInTurns, quantile } from './turns.js'

const furthest = (a: readonly ArrayLike<number>[], b: readonly ArrayLike<number>[]): number =>
  Math.max(...a.flatMap((x, i) => Array.from(x, (value, j) => Math.abs(value - (b[i]?.[j] ?? Number.NaN)))))

/** Milliseconds a call: as a clock shows them, and of the processor, so that busy neighbours do not count. */
interface Times {
  readonly wall: number
  readonly processor: number
}

const timesOf = async ({ call, settle }: Way, calls: number): Promise<Times> => {
  const [start, before] = [performance.now(), process.cpuUsage()]
  for (let i = 0; i < calls; i++) await call()
  await settle()
  const [wall, { user, system }] = [performance.now() - start, process.cpuUsage(before)]
  return { wall: wall / calls, processor: (user + system) / 1000 / calls }
}

// milliseconds
const [warmUp, turn] = [1000, 50]

/** JavaScript's compiler needs some calls to see what is worth compiling. */
const warm = async (way: Way): Promise<void> => {
  for (const end = performance.now() + warmUp; performance.now() < end; ) await timesOf(way, 1)
}

/** Median and quartiles. */
const spread = (xs: readonly number[]): readonly number[] => [0.5, 0.25, 0.75].map((share) => quantile(xs, share))

/** Both in turns; the times of `createPipeline` over those of the schedule, round by round. */
const compare = async (schedule: Way, pipeline: Way, rounds: number) => {
  for (const way of [schedule, pipeline]) await warm(way)
  const slower = Math.max((await timesOf(schedule, 5)).wall, (await timesOf(pipeline, 5)).wall)
  const calls = Math.max(2, Math.ceil(turn / slower))
  const pairs = await pairsInTurns(
    rounds,
    () => timesOf(schedule, calls),
    () => timesOf(pipeline, calls),
  )
  const ratio = (of: keyof Times) => spread(pairs.map(([a, b]) => b[of] / a[of]))
  return {
    schedule: spread(pairs.map(([a]) => a.processor)),
    pipeline: spread(pairs.map(([, b]) => b.processor)),
    processorRatio: ratio('processor'),
    clockRatio: ratio('wall'),
  }
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    modes: { type: 'string', default: 'cpu,webasm,webgpu' },
    only: { type: 'string', default: '' },
    json: { type: 'string' },
  },
})
const known = ['cpu', 'webasm', 'webgpu'] as const
const rounds = Number(values.rounds)
const modes = known.filter((mode) => values.modes.split(',').includes(mode))
const programs = smallPrograms.filter(({ name }) => name.includes(values.only))

const refuse = (must: string, received: string, todo: string): never => {
  console.error(threeParts({ must, received: JSON.stringify(received), todo }))
  process.exit(2)
}
if (!Number.isInteger(rounds) || rounds < 1)
  refuse('--rounds must be a whole number from 1.', values.rounds, 'give 15, or more on a busy machine')
if (!values.modes.split(',').every((mode) => known.some((each) => each === mode)))
  refuse('--modes must be modes of gpu.js.', values.modes, `give some of ${known.join(',')}`)
if (programs.length === 0)
  refuse(
    '--only must be in the name of a program.',
    values.only,
    `give a part of one of: ${smallPrograms.map(({ name }) => name).join('; ')}`,
  )

const shown = ([middle = 0, low = 0, high = 0]: readonly number[]): string =>
  `${middle.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`

const microseconds = ([middle = 0]: readonly number[]): string => `${(1000 * middle).toFixed(0).padStart(6)} us`

/** One program in both kinds of traffic; what both give is compared with the reference evaluator first. */
const measure = async (engine: GpuEngine, gpu: GPU, program: SmallProgram): Promise<readonly object[]> => {
  const captured = await capture(engine, program)
  const calls = await callsOf(engine, captured.ir, captured.inputs)
  const kernels = calls.steps.length
  const executable = await engine.load(captured.ir)
  const pipeline = pipelineOf(gpu, engine.mode, calls, captured.inputs.length)
  const expected = pick(captured.expected, captured.order).map(({ data }) => data)
  const rows: object[] = []
  for (const traffic of traffics) {
    const both = [
      scheduleCall(executable, program, captured, traffic),
      pipelineCall(pipeline, program, captured, traffic),
    ] as const
    for (const { call } of both) {
      const got = await call()
      const apart = furthest(got, expected.slice(expected.length - got.length))
      if (!(apart < 1e-4)) throw new Error(`${program.name} in mode ${engine.mode} is wrong by ${apart}`)
    }
    const found = await compare(...both, rounds)
    const { executorKind, fallbackReason } = pipeline
    rows.push({ mode: engine.mode, program: program.name, kernels, traffic, executorKind, fallbackReason, ...found })
    const what = `${engine.mode.padEnd(6)} ${executorKind.padEnd(13)} ${program.name.padEnd(14)} ${String(kernels).padStart(3)} kernels`
    console.log(
      `${what}, ${traffic.padEnd(14)} ${microseconds(found.schedule)}, createPipeline ${microseconds(found.pipeline)}; ` +
        `ratio ${shown(found.processorRatio)}, by the clock ${shown(found.clockRatio)}`,
    )
  }
  await pipeline.destroy()
  return rows
}

console.log('processor time of createPipeline over that of the schedule; above 1 the schedule is faster')
const rows: object[] = []
for (const mode of modes) {
  const started = await startGpuEngine({ mode })()
  if (E.isLeft(started)) {
    console.log(`${mode} is left out: ${started.left.message}`)
    continue
  }
  const engine = started.right
  const gpu = new GPU({ mode })
  for (const program of programs) rows.push(...(await measure(engine, gpu, program)))
  await gpu.destroy()
  await engine.close()
}
if (values.json !== undefined) {
  writeFileSync(values.json, `${JSON.stringify({ node: process.version, rounds, rows }, null, 2)}\n`)
}
