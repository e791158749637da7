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
import { makeGemm } from './gemm.js'
import { PyTorch, type Variant } from './pytorch.js'
import { type BenchStep, makeStep, type StepShape } from './step.js'

interface Result {
  readonly name: string
  readonly ours: number
  readonly other: number
  readonly against: string
  readonly unit: string
  /** Above 1: ours is better. */
  readonly ratio: number
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

const median = (xs: readonly number[]): number => {
  const sorted = [...xs].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const [low = Number.NaN, high = Number.NaN] = [sorted[middle - 1], sorted[middle]]
  return sorted.length % 2 === 1 ? high : (low + high) / 2
}

/** Two measurements in turn, and the median of the ratios of each turn. */
const inTurns = async (
  ours: () => Promise<number>,
  other: () => Promise<number>,
  ratio: (a: number, b: number) => number,
) => {
  const pairs: (readonly [number, number])[] = []
  for (let i = 0; i < rounds; i++) pairs.push(i % 2 === 0 ? [await ours(), await other()] : await flipped(ours, other))
  return {
    ours: median(pairs.map(([a]) => a)),
    other: median(pairs.map(([, b]) => b)),
    ratio: median(pairs.map(([a, b]) => ratio(a, b))),
  }
}

const flipped = async (
  ours: () => Promise<number>,
  other: () => Promise<number>,
): Promise<readonly [number, number]> => {
  const b = await other()
  return [await ours(), b]
}

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
  const { name, ours, other, against, unit, ratio } = result
  console.log(
    `${name.padEnd(22)} ${ours.toFixed(1)} ${unit}, ${against} ${other.toFixed(1)} ${unit}, ratio ${ratio.toFixed(2)}`,
  )
}

const engine = await onnxEngine({ threads })
const gemm = makeGemm(engine)
const python = findPython()
const torch = python === null ? null : new PyTorch(python)
if (torch === null)
  console.log('no Python with torch, transformers and peft: those lines are left out (bench/pytorch/README.md)')
else await torch.step('eager', { layers: 1, width: 64, heads: 1, batch: 2, length: 8, vocabulary: 100 }, threads, 1)

for (const [name, shape] of shapes.filter(([each]) => each.includes(values.only))) {
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
      ...(await inTurns(
        () => timeStep(step),
        theirs,
        (a, b) => b / a,
      )),
    })
  }
}
if (torch !== null) {
  report({
    name: 'gemm/1024',
    against: 'pytorch-gemm',
    unit: 'GFLOP/s',
    ...(await inTurns(
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
