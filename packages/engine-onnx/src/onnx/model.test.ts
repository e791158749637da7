import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { expect, test } from 'vitest'
import { encodeModel, type Graph } from './model.js'

/** A message as its fields, by an independent reader: number -> values in order. */
type Fields = ReadonlyMap<number, readonly (number | bigint | Uint8Array)[]>

const fieldsOf = (bytes: Uint8Array): Fields => {
  const reader = new BinaryReader(bytes)
  const fields = new Map<number, (number | bigint | Uint8Array)[]>()
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag()
    const value =
      type === WireType.Varint
        ? BigInt(reader.int64())
        : type === WireType.Bit32
          ? reader.float()
          : type === WireType.LengthDelimited
            ? reader.bytes()
            : reader.double()
    fields.set(field, [...(fields.get(field) ?? []), value])
  }
  return fields
}

const bytesAt = (fields: Fields, field: number): readonly Uint8Array[] =>
  (fields.get(field) ?? []).filter((value) => value instanceof Uint8Array)
const inner = (fields: Fields, field: number): readonly Fields[] => bytesAt(fields, field).map(fieldsOf)
const texts = (fields: Fields, field: number): readonly string[] =>
  bytesAt(fields, field).map((bytes) => new TextDecoder().decode(bytes))

const graph: Graph = {
  nodes: [
    {
      op: 'FusedMatMul',
      domain: 'com.microsoft',
      inputs: ['x0', '', 'c0'],
      outputs: ['y0'],
      attributes: {
        transA: { int: 1 },
        axis: { int: -1 },
        alpha: { float: 0.5 },
        perm: { ints: [2, 0, 300] },
        reduction: { text: 'add' },
      },
    },
  ],
  initialisers: [{ name: 'c0', type: 'i64', shape: [2], data: new Uint8Array(new BigInt64Array([3n, -1n]).buffer) }],
  inputs: [{ name: 'x0', type: 'f32', shape: [2, 300] }],
  outputs: [{ name: 'y0', type: 'f64', shape: [] }],
  declared: [{ name: 't0', type: 'bool', shape: [5] }],
}

test('a model is what an independent reader of the wire format finds', () => {
  const model = fieldsOf(encodeModel(graph))
  expect(model.get(1)).toEqual([9n])
  expect(texts(model, 2)).toEqual(['cotangent'])
  expect(inner(model, 8).map((opset) => [texts(opset, 1), opset.get(2)])).toEqual([
    [[''], [20n]],
    [['com.microsoft'], [1n]],
  ])
  const [program] = inner(model, 7)
  if (program === undefined) throw new Error('there is no graph')

  const [node] = inner(program, 1)
  if (node === undefined) throw new Error('there is no node')
  expect(texts(node, 1)).toEqual(['x0', '', 'c0'])
  expect(texts(node, 2)).toEqual(['y0'])
  expect(texts(node, 4)).toEqual(['FusedMatMul'])
  expect(texts(node, 7)).toEqual(['com.microsoft'])
  const attributes = new Map(inner(node, 5).map((fields) => [texts(fields, 1)[0], fields]))
  expect([attributes.get('transA')?.get(3), attributes.get('transA')?.get(20)]).toEqual([[1n], [2n]])
  expect(attributes.get('axis')?.get(3)).toEqual([-1n])
  expect([attributes.get('alpha')?.get(2), attributes.get('alpha')?.get(20)]).toEqual([[0.5], [1n]])
  expect([attributes.get('perm')?.get(8), attributes.get('perm')?.get(20)]).toEqual([
    [Uint8Array.from([2, 0, 0xac, 0x02])],
    [7n],
  ])
  expect([texts(attributes.get('reduction') ?? new Map(), 4), attributes.get('reduction')?.get(20)]).toEqual([
    ['add'],
    [3n],
  ])

  const [constant] = inner(program, 5)
  expect([constant?.get(1), constant?.get(2), texts(constant ?? new Map(), 8)]).toEqual([[2n], [7n], ['c0']])
  expect(bytesAt(constant ?? new Map(), 9)).toEqual([graph.initialisers[0]?.data])

  const port = (field: number) => {
    const [fields = new Map()] = inner(program, field)
    const [tensor = new Map()] = inner(inner(fields, 2)[0] ?? new Map(), 1)
    const [shape = new Map()] = inner(tensor, 2)
    return [texts(fields, 1)[0], tensor.get(1), inner(shape, 1).map((dim) => dim.get(1))]
  }
  expect(port(11)).toEqual(['x0', [1n], [[2n], [300n]]])
  expect(port(12)).toEqual(['y0', [11n], []])
  expect(port(13)).toEqual(['t0', [9n], [[5n]]])
})

test('a node holds a graph, which reads a tensor around it by name', () => {
  const branch = (outputs: Graph['outputs']): Graph => ({
    nodes: [{ op: 'Neg', domain: '', inputs: ['x0'], outputs: ['t0'], attributes: {} }],
    initialisers: [{ name: 'c0', type: 'f32', shape: [], data: new Uint8Array(4) }],
    inputs: [{ name: 't1', type: 'i32', shape: [3] }],
    outputs,
    declared: [],
  })
  const node = {
    op: 'If',
    domain: '',
    inputs: ['x1'],
    outputs: ['y0'],
    attributes: {
      then_branch: { graph: branch([{ name: 't0', type: 'f32', shape: [2] }]) },
      else_branch: { graph: branch([{ name: 'c0', type: 'f32', shape: [] }]) },
    },
  } as const
  const [program = new Map()] = inner(
    fieldsOf(encodeModel({ nodes: [node], initialisers: [], inputs: [], outputs: [], declared: [] })),
    7,
  )
  const [written = new Map()] = inner(program, 1)
  const attributes = inner(written, 5)
  expect(attributes.map((fields) => [texts(fields, 1), fields.get(20)])).toEqual([
    [['then_branch'], [5n]],
    [['else_branch'], [5n]],
  ])
  const graphs = attributes.map((fields) => inner(fields, 6)[0] ?? new Map())
  for (const held of graphs) {
    const [neg = new Map()] = inner(held, 1)
    expect([texts(neg, 1), texts(neg, 2), texts(neg, 4)]).toEqual([['x0'], ['t0'], ['Neg']])
    expect(texts(held, 2)).toEqual(['program'])
    expect(inner(held, 5).flatMap((tensor) => texts(tensor, 8))).toEqual(['c0'])
    expect(inner(held, 11).flatMap((port) => texts(port, 1))).toEqual(['t1'])
  }
  expect(graphs.map((held) => inner(held, 12).flatMap((port) => texts(port, 1)))).toEqual([['t0'], ['c0']])
})
