import {
  adaptiveWeight,
  baLora,
  consistency,
  cosineSchedule,
  diversity,
  evaluate,
  linearWarmupSchedule,
  quadraticWarmupSchedule,
  regularisers,
  type Schedule,
  spectral,
  twoPhaseSchedule,
} from '@cotangent/ba-lora'
import {
  array,
  evalIR,
  type HostTensor,
  jit,
  makeIR,
  type Tensor,
  valueAndGrad,
  valueAndGradAux,
} from '@cotangent/core'
import { decode, oneOf, open, readonlyList, t } from '@cotangent/prelude'
import { describe, expect, it } from 'vitest'
import { doubled, fixtureJson, fixtureTensors, need, right, scaledError } from './support/fixtures.js'

const Case = open({
  variant: t.literal('nlu'),
  n: t.number,
  d: t.number,
  k: t.number,
  norm: oneOf('sum', 'frobenius'),
  lambdas: readonlyList(t.number),
  gradients_left_out: readonlyList(t.string),
})

const names = [
  ...Array.from({ length: 8 }, (_, i) => `random_${i}`),
  'one_row',
  'one_class',
  'identical_rows',
  'huge',
  'zero_student',
]

const ask = 1e-5
/** What is 0 in exact arithmetic is noise of f32 here, compared as such. */
const noise = 1e-7

const gap = (actual: Tensor, expected: Tensor): number => {
  const largest = Math.max(...Array.from(expected.data, Math.abs))
  if (largest > noise) return scaledError(actual, expected)
  return Math.max(...Array.from(actual.data, (x, i) => Math.abs(x - (expected.data[i] ?? Number.NaN))))
}

/** Three ways to the same numbers: at once in f32, an f32 program evaluated in f64, a program in f64. */
const ways = {
  'f32, eagerly': (f: (x: Tensor) => readonly [Tensor, Tensor], x: HostTensor) => f(x),
  'f32 under jit': (f: (x: Tensor) => readonly [Tensor, Tensor], x: HostTensor) => jit(f)(x),
  'f32 evaluated in f64': (f: (x: Tensor) => readonly [Tensor, Tensor], x: HostTensor) =>
    evalIR(makeIR(f)(x), [x], { floats: 'f64' }),
} as const

describe.each(names)("the reference's case nlu_%s", (name) => {
  const settings = right(decode(Case, fixtureJson(`losses/nlu_${name}.json`)))
  const file = fixtureTensors(`losses/nlu_${name}.safetensors`)
  const [student, teacher] = [need(file, 'student'), need(file, 'teacher')]
  const norm = settings.norm === 'sum' ? 'nuclear' : 'frobenius'
  const { k } = settings
  const [l1 = 0, l2 = 0, l3 = 0] = settings.lambdas
  const constant = { kind: 'constant' } as const
  const all = evaluate(
    regularisers({
      lambda1: l1,
      lambda2: l2,
      lambda3: l3,
      k,
      norm,
      schedule1: constant,
      schedule2: constant,
      schedule3: constant,
    }),
  )
  const like = (x: Tensor, p: HostTensor): Tensor => (x.dtype === 'f64' ? doubled(p) : p)
  const losses: Readonly<Record<string, (x: Tensor) => Tensor>> = {
    consistency: (x) => consistency(x, like(x, teacher)),
    diversity: (x) => diversity(x),
    svd: (x) => spectral(x, { k, norm }),
    total: (x) =>
      all({ student: x, teacher: like(x, teacher), labels: array([], 'i32'), mask: null }, array(settings.lambdas))
        .total,
  }

  describe.each(Object.keys(losses))('%s', (term) => {
    const loss = losses[term]
    if (loss === undefined) throw new Error('unreachable')
    const f = valueAndGrad(loss)
    const compare = ([value, gradient]: readonly [Tensor, Tensor]): void => {
      expect(gap(value, need(file, term))).toBeLessThan(ask)
      expect([...gradient.data].every(Number.isFinite)).toBe(true)
      if (settings.gradients_left_out.includes(term)) return
      expect(gap(gradient, need(file, `grad_${term}`))).toBeLessThan(ask)
    }

    it.each(Object.entries(ways))('%s', (_, run) => compare(run(f, student)))
    it('in f64', () => compare(f(doubled(student))))

    it('with rows that do not count', () => {
      const filled = (x: HostTensor, value: number): HostTensor =>
        array([...(x.toArray() as number[][]), Array(settings.d).fill(value), Array(settings.d).fill(-value)])
      const mask = array([...Array<number>(settings.n).fill(1), 0, 0])
      const withMask = (x: Tensor): Tensor => {
        const input = { student: x, teacher: filled(teacher, 5), labels: array([], 'i32'), mask }
        const { total, terms } = all(input, array(settings.lambdas))
        return terms[term === 'svd' ? 'spectral' : term] ?? total
      }
      const [value, gradient] = valueAndGrad(withMask)(filled(student, 7))
      expect(gap(value, need(file, term))).toBeLessThan(ask)
      const kept = array((gradient.toArray() as number[][]).slice(0, settings.n))
      if (!settings.gradients_left_out.includes(term)) expect(gap(kept, need(file, `grad_${term}`))).toBeLessThan(ask)
      expect((gradient.toArray() as number[][]).slice(settings.n).flat().map(Math.abs)).toEqual(
        Array(2 * settings.d).fill(0),
      )
    })
  })
})

it('the teacher gets no gradient', () => {
  const file = fixtureTensors('losses/nlu_random_0.safetensors')
  const [student, teacher] = [need(file, 'student'), need(file, 'teacher')]
  const [, gradient] = valueAndGrad((p: Tensor) => consistency(student, p))(teacher)
  expect([...gradient.data].every((x) => x === 0)).toBe(true)
})

it('every term is told besides the total', () => {
  const file = fixtureTensors('losses/nlu_random_0.safetensors')
  const [student, teacher] = [need(file, 'student'), need(file, 'teacher')]
  const labels = array(Array(student.shape[0]).fill(0), 'i32')
  const objective = evaluate(baLora({ lambda1: 1, lambda2: 1, lambda3: 1, k: 1 }))
  const [[total, { terms }]] = valueAndGradAux((x: Tensor) => {
    const evaluation = objective({ student: x, teacher, labels, mask: null }, array([1, 2, 3, 4]))
    return [evaluation.total, evaluation] as const
  })(student)
  expect(Object.keys(terms).sort()).toEqual(['consistency', 'diversity', 'spectral', 'task'])
  const value = (name: string): number => terms[name]?.item() ?? Number.NaN
  const sum = value('task') + 2 * value('consistency') + 3 * value('diversity') + 4 * value('spectral')
  expect(total.item()).toBeCloseTo(sum, 5)
})

const Cases = readonlyList(
  open(
    { which: t.string, schedule: t.string, values: readonlyList(t.number), total_steps: t.number },
    {
      lambda: t.number,
      lambda1: t.number,
      lambda1_min: t.union([t.number, t.null]),
      lambda1_max: t.union([t.number, t.null]),
      vocabulary: t.number,
      teacher_entropy: readonlyList(t.number),
      warmup_ratio: t.number,
      ramp_ratio: t.number,
    },
  ),
)

describe("the reference's schedules", () => {
  it.each(right(decode(Cases, fixtureJson('losses/schedules.json'))))('$schedule of $which', (c) => {
    const [w, r] = [c.warmup_ratio ?? 0, c.ramp_ratio ?? 0]
    const full = c.lambda1 ?? c.lambda ?? Number.NaN
    const lowest = c.lambda1_min ?? undefined
    const bounds = { highest: c.lambda1_max ?? full, ...(lowest === undefined ? {} : { lowest }) }
    const schedules: Readonly<Record<string, Schedule>> = {
      cosine: cosineSchedule(),
      two_phase: twoPhaseSchedule(w, r),
      linear_warmup: linearWarmupSchedule(w),
      quadratic_warmup: quadraticWarmupSchedule(w),
    }
    const schedule = schedules[c.schedule]
    for (const [step, expected] of c.values.entries()) {
      const actual =
        schedule === undefined
          ? adaptiveWeight(bounds, c.teacher_entropy?.[step] ?? Number.NaN, c.vocabulary ?? Number.NaN)
          : full * schedule(step / c.total_steps)
      expect(Math.abs(actual - expected)).toBeLessThanOrEqual(4e-16 * full + 4e-16 * bounds.highest)
    }
  })
})
