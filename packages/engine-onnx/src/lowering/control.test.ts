/* What loops and choices become: one operator each, however many steps there are. */
import {
  add,
  broadcastTo,
  cast,
  cond,
  foriLoop,
  gelu,
  grad,
  less,
  makeIR,
  map,
  matmul,
  mul,
  neg,
  prepareIR,
  scalar,
  scan,
  sum,
  switchCase,
  type Tensor,
  tanh,
  transpose,
  valueAndGrad,
  whileLoop,
  zeros,
} from '@cotangent/core'
import { describe, expect, test } from 'vitest'
import { lowerProgram } from '../lower.js'
import type { Graph, Node } from '../onnx/model.js'
import { rewrite } from '../rewrite/index.js'
import { loweringOf } from './index.js'

const graphOf = (f: (...xs: Tensor[]) => unknown, ...args: readonly Tensor[]): Graph =>
  lowerProgram(rewrite(prepareIR(makeIR(f)(...args), ({ name }) => loweringOf(name) !== undefined)))

const held = ({ attributes }: Node): readonly Graph[] =>
  Object.values(attributes).flatMap((attribute) => ('graph' in attribute ? [attribute.graph] : []))

/** The operators of a graph and of those inside. */
const operatorsOf = ({ nodes }: Graph): readonly string[] =>
  nodes.flatMap((node) => [node.op, ...held(node).flatMap(operatorsOf)])

const loopsOf = (graph: Graph): readonly string[] =>
  operatorsOf(graph).filter((op) => op === 'Scan' || op === 'Loop' || op === 'If')

/** A recurrent network: w [n, n], xs [steps, n]. */
const recurrent = (w: Tensor, start: Tensor, xs: Tensor): Tensor => {
  const [last, states] = scan(
    (h: Tensor, x: Tensor) => {
      const next = tanh(add(matmul(h, w), x))
      return [next, mul(next, 0.5)] as const
    },
    start,
    xs,
  )
  return add(sum(mul(states, states)), sum(last))
}

describe('what they become', () => {
  const rnn = (steps: number) => [zeros([3, 3]), zeros([3]), zeros([steps, 3])] as const

  test('a scan is one Scan, its gradient two, however many steps there are', () => {
    const slopes = (...xs: Tensor[]) =>
      valueAndGrad((all: readonly Tensor[]) => recurrent(...(all as [Tensor, Tensor, Tensor])))(xs)
    const short = graphOf(slopes, ...rnn(3))
    expect(loopsOf(short)).toEqual(['Scan', 'Scan'])
    expect(operatorsOf(graphOf(slopes, ...rnn(1000)))).toEqual(operatorsOf(short))
  })

  test('one in reverse says so, for all that goes in and comes out', () => {
    const graph = graphOf(
      (x) => scan((c: Tensor, y: Tensor) => [add(c, y), [c, mul(c, y)]] as const, scalar(0), x, { reverse: true }),
      zeros([4]),
    )
    const [node] = graph.nodes.filter(({ op }) => op === 'Scan')
    expect(node?.attributes).toMatchObject({
      num_scan_inputs: { int: 1 },
      scan_input_directions: { ints: [1] },
      scan_output_directions: { ints: [1, 1] },
    })
  })

  test('a choice is one If less than it has branches, one in the other', () => {
    const chosen = (count: number) =>
      graphOf(
        (i, x) =>
          switchCase(
            i,
            Array.from({ length: count }, (_, k) => (y: Tensor) => mul(y, k + 2)),
            x,
          ),
        scalar(0, 'i32'),
        zeros([2]),
      )
    expect([1, 2, 4].map((count) => loopsOf(chosen(count)))).toEqual([[], ['If'], ['If', 'If', 'If']])
    expect(chosen(4).nodes.map(({ op }) => op)).toEqual(['Max', 'Min', 'Less', 'If'])
  })

  test('a while is one Loop', () => {
    const graph = graphOf(
      (x) =>
        whileLoop(
          (y: Tensor) => less(sum(y), 100),
          (y: Tensor) => mul(y, 2),
          x,
        ),
      zeros([2]),
    )
    expect(graph.nodes.map(({ op }) => op)).toEqual(['ReduceSum', 'Less', 'Loop'])
  })

  test('what is computed outside is computed once, and read inside by its name', () => {
    const graph = graphOf(
      (w, b, xs) => {
        const product = matmul(w, b)
        return scan((c: Tensor, x: Tensor) => [add(mul(c, transpose(product)), x), null] as const, zeros([3, 3]), xs)[0]
      },
      zeros([3, 3]),
      zeros([3, 3]),
      zeros([5, 3, 3]),
    )
    expect(graph.nodes.map(({ op }) => op).filter((op) => op !== 'Expand' && op !== 'Reshape')).toEqual([
      'Gemm',
      'Scan',
    ])
    expect(operatorsOf(graph).filter((op) => op === 'Gemm')).toHaveLength(1)
    expect(operatorsOf(held(graph.nodes.at(-1) as Node)[0] as Graph)).toContain('Mul')
  })

  test('what is repeated, or in another order, stays so from loop to loop', () => {
    const graph = graphOf(
      (xs) => {
        const [wide, turned] = map((x: Tensor) => [broadcastTo(sum(x, 0), [4, 3]), transpose(neg(x))] as const, xs)
        return map(([a, b]: readonly [Tensor, Tensor]) => mul(sum(mul(a, a)), sum(matmul(b, b))), [
          wide,
          turned,
        ] as const)
      },
      zeros([5, 3, 3]),
    )
    expect(operatorsOf(graph).filter((op) => op === 'Expand' || op === 'Transpose')).toEqual([])
  })

  test('names stand for one tensor in the whole model', () => {
    const graph = graphOf(
      (xs, n) =>
        scan(
          (c: Tensor, x: Tensor) => {
            const inner = foriLoop(0, 3, (i, a: Tensor) => add(mul(a, x), cast(i, 'f32')), c)
            const next = cond(
              less(n, 2),
              (a: Tensor) => mul(a, 0.5),
              (a: Tensor) => neg(a),
              inner,
            )
            return [next, mul(next, 0.5)] as const
          },
          scalar(1),
          xs,
        ),
      zeros([4]),
      scalar(1, 'i32'),
    )
    const bound = ({ nodes, inputs, initialisers }: Graph): readonly string[] => [
      ...inputs.map(({ name }) => name),
      ...initialisers.map(({ name }) => name),
      ...nodes.flatMap((node) => [...node.outputs, ...held(node).flatMap(bound)]),
    ]
    const names = bound(graph)
    expect(loopsOf(graph)).toEqual(['Scan', 'Scan', 'If'])
    expect(new Set(names).size).toBe(names.length)
  })

  test('rewrites apply inside', () => {
    const graph = graphOf(
      (x) => map((y: Tensor) => [gelu(y), grad((z: Tensor) => sum(gelu(z)))(y)] as const, x),
      zeros([3, 4]),
    )
    expect(operatorsOf(graph).filter((op) => op === 'Erf' || op === 'Gelu')).toEqual(['Erf'])
  })
})
