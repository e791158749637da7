/*
 * npx tsx bench/scan.ts
 *
 * The gradient of 12 encoder layers as one scan over stacked weights, and written out: what the first call and the later
 * ones cost, in processor time of one thread, so that busy neighbours do not count. Each in a process of its own, in
 * turns; the median of the rounds.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { compile, key, mean, normal, square, sub, type Tensor, valueAndGrad } from '@cotangent/core'
import { onnxEngine } from '@cotangent/engine-onnx'
import { decode, finite, getOrThrow, open } from '@cotangent/prelude'
import { encoderLayers, type Layer, scanned, stacked, unrolled } from '../test/support/encoderLayers.js'

const [layers, width, heads, batch, length] = [12, 256, 4, 16, 64]
const steps = 5

/** Milliseconds of processor time. */
const times = open({ first: finite, step: finite })
type Times = ReturnType<typeof times.encode>

const median = (xs: readonly number[]): number => [...xs].sort((a, b) => a - b)[Math.floor(xs.length / 2)] ?? Number.NaN

const measure = async <P>(run: (params: P, x: Tensor) => Tensor, params: P): Promise<Times> => {
  const [x, target] = [normal(key(1), [batch, length, width]), normal(key(2), [batch, length, width])]
  const engine = await onnxEngine({ threads: 1, spinMicroseconds: 0 })
  const slope = compile((some: P) => valueAndGrad((p: P) => mean(square(sub(run(p, x), target))))(some), engine)
  const timed = async (): Promise<number> => {
    const before = process.cpuUsage()
    const [loss] = await slope(params)
    const { user, system } = process.cpuUsage(before)
    if (!(loss.item() > 0)) throw new Error(`the loss is ${loss.item()}`)
    return (user + system) / 1000
  }
  const first = await timed()
  const later: number[] = []
  for (let i = 0; i < steps; i++) later.push(await timed())
  await engine.close()
  return { first, step: median(later) }
}

const here = fileURLToPath(import.meta.url)

const inProcess = (which: string): Times => {
  const args = [...process.execArgv, here, which]
  const child = spawnSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  if (child.status !== 0) throw new Error('the process that measures ended: see its message above')
  return getOrThrow(decode(times, JSON.parse(child.stdout)))
}

const [, , which] = process.argv
if (which === undefined) {
  const rounds = [0, 1, 2].map(() => ({ scan: inProcess('scan'), written: inProcess('written') }))
  for (const name of ['scan', 'written'] as const) {
    const [first, step] = [median(rounds.map((r) => r[name].first)), median(rounds.map((r) => r[name].step))]
    console.log(`${name.padEnd(8)} first call ${first.toFixed(0)} ms, then ${step.toFixed(0)} ms a call`)
  }
} else {
  const list = encoderLayers(layers, width)
  const result =
    which === 'scan'
      ? await measure((p: Layer, x) => scanned(p, x, heads, null), stacked(list))
      : await measure((p: typeof list, x) => unrolled(p, x, heads, null), list)
  console.log(JSON.stringify(result))
}
