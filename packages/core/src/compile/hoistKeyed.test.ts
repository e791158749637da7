import { describe, expect, test } from 'vitest'
import { cond } from '../control/cond.js'
import { map, scan } from '../control/scan.js'
import { foriLoop, whileLoop } from '../control/whileLoop.js'
import { checkIR } from '../ir/check.js'
import type { Equation, IR } from '../ir/ir.js'
import { add, mul } from '../primitives/arithmetic.js'
import { zeros } from '../primitives/broadcast.js'
import { greater, less, where } from '../primitives/choice.js'
import { matmul } from '../primitives/contraction.js'
import { erfInv } from '../primitives/random.js'
import { sum } from '../primitives/reduction.js'
import { iota } from '../primitives/sequence.js'
import { sin, tanh } from '../primitives/smooth.js'
import { treeFlatten } from '../pytree.js'
import { bernoulli, foldIn, key, normal, split, splitKeys, uniform } from '../random/random.js'
import { evaluateIR } from '../reference/evaluate.js'
import { HostTensor, scalar, type Tensor } from '../tensor.js'
import { makeIR } from '../trace/makeIR.js'
import { traceLeaves } from '../trace/trace.js'
import { checkpoint } from '../transforms/checkpoint.js'
import { grad, valueAndGrad } from '../transforms/vjp.js'
import { vmap } from '../transforms/vmap.js'
import { hoistKeyed } from './hoistKeyed.js'
import { prepareIR } from './prepare.js'
import { planStages, type Stage } from './stages.js'

/** As an engine without random numbers and u32. */
const runs = ({ inputs, results }: Equation): boolean =>
  [...inputs, ...results].every(({ aval }) => aval.dtype !== 'u32')

const namesIn = (ir: IR): readonly string[] =>
  ir.equations.flatMap(({ primitive, attrs }) => [
    primitive.name,
    ...(primitive.properties.programs?.of(attrs) ?? []).flatMap(namesIn),
  ])

const nothing: IR = { inputs: [], equations: [], outputs: [] }

/** The stages of a program, run one after the other, and whether they give what the program gives. */
const staged = (f: (...xs: Tensor[]) => unknown, ...args: Tensor[]): readonly Stage[] => {
  const { ir: traced, captured } = traceLeaves(
    args.map((y) => y.aval),
    (leaves) => treeFlatten(f(...leaves))[0],
  )
  const program = prepareIR(traced, () => true)
  const hoisted = hoistKeyed(program, runs)
  checkIR(hoisted)
  const stages = planStages(hoisted, runs)
  const values = new Map(hoisted.inputs.map((v, i) => [v.id, [...captured, ...args][i] ?? scalar(Number.NaN)]))
  for (const { ir } of stages) {
    checkIR(ir)
    const results = evaluateIR(
      ir,
      ir.inputs.map((v) => values.get(v.id) ?? scalar(Number.NaN)),
    )
    for (const [i, atom] of ir.outputs.entries()) {
      const y = results[i]
      if (atom.kind === 'var' && y !== undefined) values.set(atom.id, new HostTensor(y.data, y.shape, y.dtype))
    }
  }
  const expected = treeFlatten(f(...args))[0]
  const received = hoisted.outputs.map((atom) => (atom.kind === 'var' ? values.get(atom.id) : scalar(atom.value)))
  expect(received.map((y) => [...(y?.data ?? [])])).toEqual(expected.map((y) => [...y.data]))
  return stages
}

/** Where each stage runs, and the loops and choices in it. */
const held = (stages: readonly Stage[]): readonly (readonly string[])[] =>
  stages.map(({ where: place, ir }) => [
    place,
    ...namesIn(ir).filter((name) => name === 'scan' || name === 'cond' || name === 'while'),
  ])

const apart = [
  ['host', 'scan'],
  ['engine', 'scan'],
]

const [w, x] = [normal(key(1), [4, 3, 3]), normal(key(2), [3])]

const dropped = (k: Tensor, y: Tensor): Tensor => mul(y, where(bernoulli(k, 0.75, y.shape), 1 / 0.75, 0))

/** Layers w [n, m, m], each with a key of its own. */
const layers = (weights: Tensor, y: Tensor, k: Tensor): Tensor =>
  scan(
    (h: Tensor, [layer, own]: readonly [Tensor, Tensor]) => [tanh(dropped(own, matmul(h, layer))), null] as const,
    y,
    [weights, splitKeys(k, weights.shape[0] ?? 0)] as const,
  )[0]

describe('draws in a scan', () => {
  test('are a scan of their own, on the host, from a key for each step', () => {
    const stages = staged(layers, w, x, key(3))
    expect(held(stages)).toEqual(apart)
    const drawn = stages[0]?.ir.outputs.map(({ aval }) => `${aval.dtype}[${aval.shape}]`)
    expect(drawn).toEqual(['f32[4,3]'])
    expect(stages[1]?.ir.inputs.every(({ aval }) => aval.dtype !== 'u32')).toBe(true)
  })

  test('of a gradient too, once for both passes', () => {
    const slope = (weights: Tensor, y: Tensor, k: Tensor) =>
      valueAndGrad((v: Tensor) => sum(sin(layers(v, y, k))))(weights)
    const stages = staged(slope, w, x, key(3))
    expect(held(stages)).toEqual([
      ['host', 'scan'],
      ['engine', 'scan', 'scan'],
    ])
    expect(stages[0]?.ir.outputs).toHaveLength(1)
  })

  test('from a key and the number of the step', () => {
    const numbered = (y: Tensor, k: Tensor): Tensor =>
      foriLoop(0, 3, (i, h: Tensor) => tanh(dropped(foldIn(k, i), h)), y)
    expect(held(staged(numbered, x, key(4)))).toEqual(apart)
  })

  test('from a counter and a key that are carried, which come out as they are', () => {
    const carried = (y: Tensor, k: Tensor): readonly Tensor[] => {
      const [[last, n, h], draws] = scan(
        ([own, i, state]: readonly [Tensor, Tensor, Tensor], _: null) => {
          const [next, now] = split(foldIn(own, i)) as [Tensor, Tensor]
          const noise = normal(now, [3])
          return [[next, add(i, 1), tanh(add(state, noise))] as const, [noise, mul(state, 2)] as const] as const
        },
        [k, scalar(0, 'i32') as Tensor, y] as const,
        null,
        { length: 3 },
      )
      return [last, n, h, ...draws]
    }
    expect(held(staged((y, k) => carried(y, k), x, key(5)))).toEqual(apart)
  })

  test('in reverse, and under vmap', () => {
    const backwards = (ys: Tensor, k: Tensor): Tensor =>
      scan(
        (h: Tensor, [y, own]: readonly [Tensor, Tensor]) => [add(h, dropped(own, y)), h] as const,
        zeros([3]),
        [ys, splitKeys(k, 4)] as const,
        { reverse: true },
      )[1]
    const ys = normal(key(6), [4, 3])
    expect(held(staged(backwards, ys, key(7)))).toEqual(apart)
    const each = vmap(backwards)
    expect(held(staged((a, b) => each(a, b), normal(key(8), [2, 4, 3]), splitKeys(key(9), 2)))).toEqual(apart)
  })

  test('in a scan in a scan, whose key comes out of the inner one', () => {
    const deep = (y: Tensor, k: Tensor): readonly Tensor[] => {
      const step = ([own, a]: readonly [Tensor, Tensor], b: Tensor) => {
        const [next, now] = split(own) as [Tensor, Tensor]
        return [[next, tanh(mul(add(a, dropped(now, y)), b))] as const, null] as const
      }
      const pass = (carry: readonly [Tensor, Tensor], _: null) => [scan(step, carry, y)[0], null] as const
      return scan(pass, [k, y] as const, null, { length: 3 })[0]
    }
    expect(held(staged((y, k) => deep(y, k), x, key(10)))).toEqual([
      ['host', 'scan', 'scan'],
      ['engine', 'scan', 'scan'],
    ])
  })

  test('under a checkpoint: the second forward pass takes what was drawn for the first', () => {
    const light = (weights: Tensor, y: Tensor, k: Tensor): Tensor => {
      const layer = checkpoint((h: Tensor, v: Tensor, own: Tensor) => tanh(dropped(own, matmul(h, v))))
      const step = (h: Tensor, [v, own]: readonly [Tensor, Tensor]) => [layer(h, v, own), null] as const
      return sum(scan(step, y, [weights, splitKeys(k, 4)] as const)[0])
    }
    const stages = staged((v, y, k) => grad((u: Tensor) => light(u, y, k))(v), w, x, key(3))
    expect(held(stages)).toEqual([
      ['host', 'scan'],
      ['engine', 'scan', 'scan'],
    ])
    expect(namesIn(stages[0]?.ir ?? nothing).filter((n) => n === 'randomUniform')).toEqual(['randomUniform'])
  })

  test('beside numbers that depend on nothing, which each loop makes for itself', () => {
    const positions = (y: Tensor, k: Tensor): Tensor =>
      map(
        (own: Tensor) => add(mul(y, where(less(iota(3), 2), 1, 0)), where(less(iota(3), 2), uniform(own, [3]), 0)),
        splitKeys(k, 2),
      )
    const stages = staged(positions, x, key(11))
    expect(held(stages)).toEqual(apart)
    expect(stages[0]?.ir.outputs).toHaveLength(1)
    expect(namesIn(stages[1]?.ir ?? nothing)).toContain('iota')
  })
})

describe('draws in a choice', () => {
  test('are made for each branch, where only the engine knows which is taken', () => {
    const chosen = (y: Tensor, k: Tensor): Tensor =>
      cond(
        greater(sum(y), 0),
        (h: Tensor) => dropped(k, h),
        (h: Tensor) => add(h, mul(normal(k, [3]), h)),
        y,
      )
    for (const sign of [1, -1]) {
      const stages = staged(chosen, mul(x, sign), key(12))
      expect(held(stages).at(-1)).toEqual(['engine', 'cond'])
      expect(namesIn(stages.at(-1)?.ir ?? nothing)).not.toContain('randomUniform')
    }
  })

  test('within a scan', () => {
    const skipping = (y: Tensor, k: Tensor): Tensor =>
      scan(
        (h: Tensor, own: Tensor) =>
          [
            cond(
              greater(sum(h), 0),
              (a: Tensor) => dropped(own, a),
              (a: Tensor) => tanh(a),
              h,
            ),
            h,
          ] as const,
        y,
        splitKeys(k, 4),
      )[1]
    expect(held(staged(skipping, x, key(13)))).toEqual([
      ['host', 'scan'],
      ['engine', 'scan', 'cond'],
    ])
  })
})

describe('stays as it is', () => {
  test('a loop without draws, and one of keys alone', () => {
    const plain = prepareIR(makeIR((y: Tensor) => foriLoop(0, 3, (_, h: Tensor) => sin(h), y))(x), () => true)
    expect(hoistKeyed(plain, runs)).toBe(plain)
    const keys = (k: Tensor): Tensor => map((own: Tensor) => normal(own, [2]), splitKeys(k, 3))
    expect(held(staged(keys, key(14)))).toEqual([['host', 'scan']])
  })

  test('a loop that cannot run on the engine even so', () => {
    const drawsByData = (y: Tensor, k: Tensor): Tensor =>
      scan(
        (h: Tensor, own: Tensor) => [erfInv(mul(tanh(add(h, normal(own, [3]))), 0.5)), null] as const,
        y,
        splitKeys(k, 2),
      )[0]
    expect(held(staged(drawsByData, x, key(15)))).toEqual([['host', 'scan']])
    const unknownLength = (y: Tensor, k: Tensor): Tensor =>
      whileLoop(
        ([h]: readonly [Tensor, Tensor]) => less(sum(h), 10),
        ([h, own]) => {
          const [next, now] = split(own) as [Tensor, Tensor]
          return [add(h, uniform(now, [3])), next] as const
        },
        [y, k] as const,
      )[0]
    expect(held(staged(unknownLength, x, key(16)))).toEqual([['host', 'while']])
    expect(
      held(staged((y, k) => foriLoop(0, 2, (i, h: Tensor) => unknownLength(h, foldIn(k, i)), y), x, key(17))),
    ).toEqual([['host', 'scan', 'while']])
  })
})
