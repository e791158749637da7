/*
 * npm run bench -- [--json FILE] [--threads N] [--rounds N] [--only TEXT] [--python PYTHON]
 *
 * Each pair takes turns in one run; what is reported is the median of the rounds' ratios. A ratio above 1 is ours.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { onnxEngine } from '@cotangent/engine-onnx'
import { makeTinyCall } from './call.js'
import { eagerOperations } from './eager.js'
import { makeGemm } from './gemm.js'
import { PyTorch, type Variant } from './pytorch.js'
import { measureStartup, type Startup } from './startup.js'
import { type BenchStep, makeStep, type StepShape } from './step.js'
import { inTurns, median } from './turns.js'

interface Result {
  readonly name: string
  readonly ours: number
  readonly other: number
  readonly against: string
  readonly unit: string
  /** Above 1: ours is better. */
  readonly ratio: number
  /** What ours is the sum of. */
  readonly parts?: Readonly<Record<string, number>>
}

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '7' },
    only: { type: 'string', default: '' },
    python: { type: 'string' },
  },
})
const threads = Number(values.threads)
const rounds = Number(values.rounds)

const shapes: readonly (readonly [string, StepShape])[] = [
  ['ba-lora-step/4x256', { layers: 4, width: 256, heads: 4, batch: 16, length: 64, vocabulary: 4000 }],
  ['ba-lora-step/6x384', { layers: 6, width: 384, heads: 6, batch: 16, length: 64, vocabulary: 4000 }],
]

const stepsPerTurn = 5

/** Milliseconds of one step. */
const timeStep = async (step: BenchStep): Promise<number> => {
  const start = performance.now()
  await step.run(stepsPerTurn)
  return (performance.now() - start) / stepsPerTurn
}

const findPython = (): string | null => {
  const own = fileURLToPath(new URL('pytorch/venv/bin/python', import.meta.url))
  const candidate = values.python ?? (existsSync(own) ? own : 'python3')
  const found = spawnSync(candidate, ['-c', 'import torch, transformers, peft'], { stdio: 'ignore' })
  return found.status === 0 ? candidate : null
}

const results: Result[] = []
const report = (result: Result): void => {
  results.push(result)
  const { name, ours, other, against, unit, ratio, parts } = result
  console.log(
    `${name.padEnd(22)} ${ours.toFixed(1)} ${unit}, ${against} ${other.toFixed(1)} ${unit}, ratio ${ratio.toFixed(2)}`,
  )
  if (parts === undefined) return
  const each = Object.entries(parts).map(([part, value]) => `${part} ${value.toFixed(0)}`)
  console.log(`${''.padEnd(22)} ${unit}: ${each.join(', ')}`)
}

const chosen = (name: string): boolean => name.includes(values.only)

/** Where speed is less a matter of ratios: how long a user waits for the first step, and what that should not exceed. */
const startupLimit = 3000

const [startupName, startupShape] = ['startup/12x384', { layers: 12, width: 384 }] as const

const reportStartup = (): void => {
  const measured = Array.from({ length: rounds }, () => measureStartup(startupShape, threads))
  const middle = (part: keyof Startup): number => median(measured.map((each) => each[part]))
  const names = ['trace', 'differentiate', 'prepare', 'lower', 'session', 'cpu'] as const
  const ours = middle('total')
  report({
    name: startupName,
    against: 'limit',
    unit: 'ms',
    ours,
    other: startupLimit,
    ratio: startupLimit / ours,
    parts: Object.fromEntries(names.map((part) => [part, middle(part)])),
  })
}

const faster = (ours: number, other: number): number => other / ours

const engine = await onnxEngine({ threads })
const gemm = makeGemm(engine)
const python = findPython()
const torch = python === null ? null : new PyTorch(python)
if (torch === null)
  console.log('no Python with torch, transformers and peft: those lines are left out (bench/pytorch/README.md)')
else await torch.step('eager', { layers: 1, width: 64, heads: 1, batch: 2, length: 8, vocabulary: 100 }, threads, 1)

if (chosen('call/tiny')) {
  const { ours, bare, close } = await makeTinyCall(engine)
  await ours()
  report({ name: 'call/tiny', against: 'bare-onnxruntime', unit: 'us', ...(await inTurns(rounds, ours, bare, faster)) })
  await close()
}
for (const { name, ours, loop } of eagerOperations().filter((each) => chosen(`eager/${each.name}`))) {
  await ours()
  report({ name: `eager/${name}`, against: 'plain-loop', unit: 'us', ...(await inTurns(rounds, ours, loop, faster)) })
}
if (chosen(startupName)) reportStartup()

for (const [name, shape] of shapes.filter(([each]) => chosen(each))) {
  const step = makeStep(shape, engine)
  await step.run(3)
  const flop = step.flop()
  if (step.programs() !== 1) throw new Error(`${name} was split into ${step.programs()} programs`)
  console.log(`${name}: ${(flop / 1e9).toFixed(1)} GFLOP a step, one program`)
  report({
    name,
    against: 'gemm-rate',
    unit: 'GFLOP/s',
    ...(await inTurns(
      rounds,
      async () => flop / (await timeStep(step)) / 1e6,
      gemm,
      (a, b) => a / b,
    )),
  })
  for (const variant of torch === null ? [] : (['eager', 'compile', 'peft'] satisfies readonly Variant[])) {
    const theirs = async (): Promise<number> => 1000 * ((await torch?.step(variant, shape, threads, stepsPerTurn)) ?? 0)
    report({
      name,
      against: variant === 'peft' ? 'peft' : `pytorch-${variant}`,
      unit: 'ms',
      ...(await inTurns(rounds, () => timeStep(step), theirs, faster)),
    })
  }
}
if (torch !== null) {
  report({
    name: 'gemm/1024',
    against: 'pytorch-gemm',
    unit: 'GFLOP/s',
    ...(await inTurns(
      rounds,
      gemm,
      () => torch.gemm(),
      (a, b) => a / b,
    )),
  })
  torch.close()
}
await engine.close()

if (values.json !== undefined) {
  const machine = {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    threads,
    rounds,
  }
  writeFileSync(values.json, `${JSON.stringify({ machine, results }, null, 2)}\n`)
}
