import {
  checkpoint,
  compile,
  grad,
  key,
  makeIR,
  matmul,
  normal,
  prepareIR,
  square,
  sum,
  type Tensor,
  tanh,
  zeros,
} from '@cotangent/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { onnxEngine } from './engine.js'
import { lowerProgram } from './lower.js'
import type { Graph } from './onnx/model.js'
import { waitsOf } from './order.js'
import { rewrite } from './rewrite/index.js'

const layer = checkpoint((w: Tensor, x: Tensor) => tanh(matmul(tanh(matmul(x, w)), w)))
const loss = (ws: readonly Tensor[], x: Tensor): Tensor => sum(square(ws.reduce((y, w) => layer(w, y), x)))
const weights = [0, 1, 2].map((i) => normal(key(i), [4, 4]))
const x = normal(key(3), [5, 4])
const program = prepareIR(makeIR(grad(loss))(weights, x), ({ name }) => name !== 'checkpoint')

/** The nodes that a tensor is computed from. */
const needed = ({ nodes }: Graph, name: string): ReadonlySet<Graph['nodes'][number]> => {
  const found = new Set<Graph['nodes'][number]>()
  const visit = (tensor: string): void => {
    const node = nodes.find(({ outputs }) => outputs.includes(tensor))
    if (node === undefined || found.has(node)) return
    found.add(node)
    for (const input of node.inputs) visit(input)
  }
  visit(name)
  return found
}

test('barriers wait for what stands before them and is needed behind them', () => {
  const waits = [...new Set(waitsOf(program).values())]
  const shown = waits.map((group) => group.map(({ aval }) => aval.shape.join('x')))
  // after the forward pass: the layers' results, and the slope of the loss. Later: the gradient of the layer behind, of
  // its weight and its input
  expect(shown).toMatchInlineSnapshot(`
    [
      [
        "5x4",
        "5x4",
        "5x4",
      ],
      [
        "5x4",
        "4x4",
        "5x4",
      ],
      [
        "4x4",
        "5x4",
      ],
    ]
  `)
})

test('a second forward pass cannot begin before the layer behind it is done', () => {
  const graph = lowerProgram(rewrite(program))
  const tanhs = graph.nodes.filter(({ op }) => op === 'Tanh')
  expect(tanhs.length).toBe(12)
  const [first = [], ...later] = [6, 8, 10].map((i) => tanhs.slice(i, i + 2))
  const forward = tanhs.slice(0, 6)
  for (const node of first) {
    const before = needed(graph, node.outputs[0] ?? '')
    expect(forward.every((one) => before.has(one))).toBe(true)
  }
  for (const [i, nodes] of later.entries()) {
    // the gradient of the weight of the layer behind is there
    const gradient = needed(graph, `y${2 - i}`)
    for (const node of nodes) {
      const before = needed(graph, node.outputs[0] ?? '')
      expect([...gradient].filter((one) => !before.has(one)).map(({ op }) => op)).toEqual([])
    }
  }
})

let engine: Awaited<ReturnType<typeof onnxEngine>>
beforeAll(async () => {
  engine = await onnxEngine({ threads: 1 })
})
afterAll(() => engine.close())

test.each([
  ['some rows', x],
  ['one row', normal(key(4), [1, 4])],
  ['no rows', zeros([0, 4])],
])('the gradient is that of the reference evaluator, with %s', async (_, input) => {
  const wanted = grad(loss)(weights, input)
  const got = await compile(grad(loss), engine)(weights, input)
  for (const [i, w] of wanted.entries()) {
    for (const [j, value] of w.data.entries()) expect(got[i]?.data[j]).toBeCloseTo(value, 5)
  }
})
