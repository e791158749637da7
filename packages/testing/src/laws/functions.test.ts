/* Laws of any function: what keeps them passes, what breaks them is told so by name. */
import {
  add,
  array,
  customJvp,
  div,
  type HostTensor,
  jit,
  matmul,
  mean,
  mul,
  sin,
  square,
  sub,
  sum,
  type Tensor,
  tanh,
  tensor,
} from '@cotangent/core'
import { describe, expect, test } from 'vitest'
import { mutantsOf, withMutant } from '../mutation/mutants.js'
import { subjects } from '../primitiveLaws/index.js'
import { gradientsOfPartsAddUp, gradientsPerExampleAddUp } from './batches.js'
import { broadcastingIsRepetition } from './broadcasting.js'
import { transformsCompose } from './compositions.js'
import { hessianIsSymmetric } from './hessian.js'
import { bytesRepeat, functionsAgree, roundTrip } from './identity.js'
import { LawError } from './lawError.js'
import { chainRule, productRule, quotientRule } from './rules.js'
import { throwingLeavesNothing, tracedOncePerSignature } from './tracing.js'

const point = array([0.5, -1.25, 2])
const rows = array([
  [0.5, -1, 2],
  [1, 1.5, -0.5],
  [0.25, 0, 1],
])

/** While a rule is wrong. */
const whileWrong = (mutant: string, body: () => void) => (): void => {
  const found = subjects
    .filter(({ name }) => mutant.startsWith(`${name} `))
    .flatMap((subject) => mutantsOf(subject).map((each) => ({ subject, each })))
    .find(({ each }) => each.name === mutant)
  if (found === undefined) throw new Error(`there is no mutant ${mutant}`)
  withMutant(found.subject.primitive, found.each, body)
}

let calls = 0
/** Another function each time it is called. */
const impure = (x: Tensor): Tensor => mul(x, ++calls)

const energy = (x: Tensor): Tensor => sum(mul(tanh(x), x))
/** xᵀ A x / 2 with the derivative of another function: its second derivative A is not symmetric. */
const twisted = customJvp(
  (x: Tensor) => sum(square(x)),
  ([x], [dx]) => [
    sum(square(x)),
    sum(
      mul(
        matmul(
          array([
            [1, 2, 0],
            [0, 1, 0],
            [0, 0, 1],
          ]),
          x,
        ),
        dx,
      ),
    ),
  ],
)

const distance = (w: Tensor, x: Tensor): Tensor => sum(square(sub(mul(w, x), 1)))
const meanLoss = (w: Tensor, x: Tensor): Tensor => mean(square(sub(matmul(x, w), 1)))

const bytes = (x: HostTensor): Uint8Array => Uint8Array.from(x.data)
let stamp = 0

/** Name, where the law holds, where it does not. */
const cases: readonly (readonly [string, () => unknown, () => unknown])[] = [
  [
    'chain rule',
    () =>
      chainRule(
        (x: Tensor) => ({ y: sin(x) }),
        ({ y }: { y: Tensor }) => energy(y),
        [point],
      ),
    () => chainRule((x: Tensor) => sin(x), impure, [point]),
  ],
  [
    'product rule',
    () =>
      productRule(
        (x: Tensor) => sin(x),
        (x: Tensor) => tanh(x),
        [point],
      ),
    whileWrong('mul jvp[1] times 1.01', () =>
      productRule(
        (x: Tensor) => sin(x),
        (x: Tensor) => tanh(x),
        [point],
      ),
    ),
  ],
  [
    'quotient rule',
    () =>
      quotientRule(
        (x: Tensor) => sin(x),
        (x: Tensor) => add(square(x), 1),
        [point],
      ),
    whileWrong('div jvp[1] sign flipped', () =>
      quotientRule(
        (x: Tensor) => sin(x),
        (x: Tensor) => add(square(x), 1),
        [point],
      ),
    ),
  ],
  ['Hessian', () => hessianIsSymmetric(energy, [point]), () => hessianIsSymmetric((x: Tensor) => twisted(x), [point])],
  [
    'broadcasting',
    () => broadcastingIsRepetition((x, y) => div(x ?? point, add(square(y ?? point), 1)), [point, rows]),
    () => broadcastingIsRepetition((x, y) => mul(x ?? point, (y ?? point).size), [rows, point]),
  ],
  [
    'gradients per example',
    () => gradientsPerExampleAddUp((w: Tensor, x: Tensor) => distance(w, x), point, [rows]),
    whileWrong('mul batch[0] term dropped', () =>
      gradientsPerExampleAddUp((w: Tensor, x: Tensor) => distance(w, x), point, [rows]),
    ),
  ],
  [
    'parts of a batch',
    () => gradientsOfPartsAddUp((w: Tensor, x: Tensor) => meanLoss(w, x), point, [rows], [2, 1]),
    () => gradientsOfPartsAddUp((w: Tensor, x: Tensor) => sum(matmul(x, w)), point, [rows], [2, 1]),
  ],
  [
    'traced once',
    () => tracedOncePerSignature((x: Tensor) => energy(x), [[point], [rows], [mul(point, 2)]], 2),
    () => tracedOncePerSignature((x: Tensor) => energy(x), [[point], [rows]], 1),
  ],
  ['throwing', () => throwingLeavesNothing(energy, [point]), () => throwingLeavesNothing(impure, [point])],
  [
    'two functions',
    () => functionsAgree(energy, jit(energy), [point]),
    () =>
      functionsAgree(
        (x: Tensor) => x,
        (x: Tensor) => mul(x, 1 + 1e-6),
        [point],
        { ulps: 2 },
      ),
  ],
  [
    'round trip',
    () =>
      roundTrip(
        (x: Tensor) => mul(x, 3),
        (y: Tensor) => div(y, 3),
        point,
        { ulps: 1 },
      ),
    () =>
      roundTrip(
        (x: Tensor) => ({ x }),
        () => rows,
        point,
      ),
  ],
  [
    'bytes repeat',
    () => bytesRepeat(bytes, (data) => tensor(Int32Array.from(data)), array([1, 2], 'i32')),
    () =>
      bytesRepeat(
        () => Uint8Array.of(++stamp),
        () => point,
        point,
      ),
  ],
  [
    'vjp(vmap(f))',
    () => transformsCompose(energy, [point], ['vmap', 'vjp']),
    whileWrong('tanh batch times 1.01', () => transformsCompose(energy, [point], ['vmap', 'vjp'])),
  ],
  [
    'jvp(grad(checkpoint(f)))',
    () => transformsCompose(energy, [point], ['checkpoint', 'grad', 'jvp']),
    whileWrong('mul transpose[0] sign flipped', () =>
      transformsCompose(energy, [point], ['checkpoint', 'grad', 'jvp']),
    ),
  ],
]

describe.each(cases)('%s', (check, kept, broken) => {
  test('holds where it should', () => {
    kept()
  })

  test('is found broken where it should be', () => {
    let caught: unknown = null
    try {
      broken()
    } catch (error) {
      caught = error
    }
    expect(caught).toBeInstanceOf(LawError)
    expect(caught instanceof LawError ? caught.check : '').toBe(check)
  })
})

test('a transform that is not known is refused, and so is forward mode around a customVjp', () => {
  expect(() => transformsCompose(energy, [point], ['sorting'])).toThrow(
    'there is no transform sorting here; there are jit,',
  )
  expect(() => transformsCompose(energy, [point], ['customVjp', 'jvp'])).toThrow('refused')
})
