/* A graph under construction: names, nodes, and the small tensors a program holds by value. */
import {
  type Aval,
  allocate,
  type DType,
  type Equation,
  type Shape,
  sameShape,
  sizeOf,
  type TypedArray,
} from '@cotangent/core'
import type { Attribute, ElementType, Graph, Initialiser, Node, Port } from './onnx/model.js'
import { readBy, renamed } from './onnx/names.js'

type Attributes = Readonly<Record<string, Attribute>>

export interface NodeOptions {
  readonly attributes?: Attributes
  readonly domain?: Node['domain']
  /** How many results the operator gives; one by default. */
  readonly results?: number
}

const isBigEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 0

const bytesOfArray = (data: TypedArray | BigInt64Array): Uint8Array => {
  if (isBigEndian) throw new Error('engine-onnx writes models on little-endian machines only')
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

/** Numbers for the names of a model: its graphs see each other's tensors, so that no two are called alike. */
class Names {
  readonly #next = new Map<string, number>()
  /** The equation that each tensor was made for, and the one that is lowered now. */
  readonly equations = new Map<string, Equation>()
  current: Equation | null = null

  fresh(letter: 'x' | 'c' | 't'): string {
    const n = this.#next.get(letter) ?? 0
    this.#next.set(letter, n + 1)
    return `${letter}${n}`
  }
}

/**
 * Makes a graph, node by node. Names are `x0, x1, ...` for the model's inputs, `c0, ...` for constants, `t0, ...` for the
 * rest.
 */
export class Builder {
  readonly #nodes: Node[] = []
  readonly #initialisers = new Map<string, Initialiser>()
  readonly #inputs: Port[] = []
  readonly #declared: Port[] = []
  readonly #shared = new Map<string, string>()
  readonly #origins = new Map<string, { readonly name: string; readonly shape: Shape }>()
  readonly #names: Names

  private constructor(private readonly outer: Builder | null) {
    this.#names = outer === null ? new Names() : outer.#names
  }

  /** A builder for a model. */
  static model(): Builder {
    return new Builder(null)
  }

  /** A builder for the graph of a node that comes next here; it may read what is here so far. */
  inner(): Builder {
    return new Builder(this)
  }

  /** The equation that is lowered now; for the profiler, which tells where a node comes from. */
  get equation(): Equation | null {
    return this.#names.current
  }

  /** The equation that the node was emitted for which gives a tensor; `null` for what belongs to none. */
  equationOf(name: string): Equation | null {
    return this.#names.equations.get(name) ?? null
  }

  /** What is emitted meanwhile belongs to an equation. */
  during<T>(equation: Equation | null, emit: () => T): T {
    const outer = this.#names.current
    this.#names.current = equation
    const result = emit()
    this.#names.current = outer
    return result
  }

  /** An input of the graph. */
  input({ shape, dtype }: { readonly shape: Shape; readonly dtype: ElementType }): string {
    const name = this.#names.fresh(this.outer === null ? 'x' : 't')
    this.#inputs.push({ name, type: dtype, shape })
    return name
  }

  /** Emits a node; the names of its results. */
  nodes(op: string, inputs: readonly string[], options: NodeOptions = {}): readonly string[] {
    const outputs = Array.from({ length: options.results ?? 1 }, () => this.#names.fresh('t'))
    const { current, equations } = this.#names
    if (current !== null) for (const name of outputs) equations.set(name, current)
    this.#nodes.push({ op, domain: options.domain ?? '', inputs, outputs, attributes: options.attributes ?? {} })
    return outputs
  }

  /** Emits a node with one result; that result's name. */
  node(op: string, inputs: readonly string[], attributes: Attributes = {}, domain: Node['domain'] = ''): string {
    const [name] = this.nodes(op, inputs, { attributes, domain })
    if (name === undefined) throw new Error('unreachable')
    return name
  }

  /** As `node`, but the same node is emitted once: for layouts and casts that several equations ask for. */
  shared(op: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const key = JSON.stringify([op, inputs, attributes])
    const known = this.#lookUp((builder) => builder.#shared.get(key))
    if (known !== undefined) return known
    const name = this.node(op, inputs, attributes)
    this.#shared.set(key, name)
    return name
  }

  /** What is known here, or around. */
  #lookUp<T>(find: (builder: Builder) => T | undefined): T | undefined {
    return find(this) ?? (this.outer === null ? undefined : this.outer.#lookUp(find))
  }

  /** The tensor with another shape and the same elements; a reshape of a reshape goes back to the first. */
  reshaped(name: string, from: Shape, to: Shape): string {
    const origin = this.#lookUp((builder) => builder.#origins.get(name)) ?? { name, shape: from }
    if (sameShape(origin.shape, to)) return origin.name
    const result = this.shared('Reshape', [origin.name, this.ints(to)], to.includes(0) ? { allowzero: { int: 1 } } : {})
    this.#origins.set(result, origin)
    return result
  }

  /** A list of axes, lengths or the like, as operators take them. */
  ints(values: readonly number[]): string {
    return this.#initialiser('i64', [values.length], BigInt64Array.from(values, BigInt))
  }

  /** One length or the like, without axes. */
  int(value: number): string {
    return this.#initialiser('i64', [], BigInt64Array.of(BigInt(value)))
  }

  /** Says what a tensor is, where onnxruntime could not infer it. */
  declare(tensor: Port): void {
    this.#declared.push(tensor)
  }

  /** One number, without axes. */
  scalar(value: number, dtype: DType): string {
    return this.constant([value], [], dtype)
  }

  /** A tensor held by value. */
  constant(values: ArrayLike<number>, shape: Shape, dtype: DType): string {
    const data = allocate(dtype, sizeOf(shape))
    data.set(values)
    return this.#initialiser(dtype, shape, data)
  }

  #initialiser(type: ElementType, shape: Shape, data: TypedArray | BigInt64Array): string {
    const bytes = bytesOfArray(data)
    const key = `${type} ${shape.join(',')} ${bytes.join()}`
    const known = this.#initialisers.get(key)
    if (known !== undefined) return known.name
    const name = this.#names.fresh('c')
    this.#initialisers.set(key, { name, type, shape, data: bytes })
    return name
  }

  /** The finished graph; result i of a model is called `y<i>`. */
  finish(outputs: readonly { readonly name: string; readonly aval: Aval }[]): Graph {
    const produced = new Set(this.#nodes.flatMap((node) => node.outputs))
    const byName = new Map<string, string>()
    const copies: Node[] = []
    const names = outputs.map(({ name }, i) => {
      const own = produced.has(name) && !byName.has(name)
      const called = this.outer === null ? `y${i}` : own ? name : this.#names.fresh('t')
      const equation = this.equationOf(name)
      if (equation !== null) this.#names.equations.set(called, equation)
      if (own) byName.set(name, called)
      else copies.push({ op: 'Identity', domain: '', inputs: [name], outputs: [called], attributes: {} })
      return called
    })
    const nodes = [...this.#nodes, ...copies].map((node) => renamed(node, byName))
    const used = new Set(names)
    return {
      nodes: needed(nodes, used),
      initialisers: [...this.#initialisers.values()].filter(({ name }) => used.has(name)),
      inputs: this.#inputs,
      declared: this.#declared.filter(({ name }) => used.has(name)),
      outputs: outputs.map(({ aval }, i) => ({ name: names[i] ?? '', type: aval.dtype, shape: aval.shape })),
    }
  }
}

/** The nodes that results depend on; adds to `used` the names of what they read. */
const needed = (nodes: readonly Node[], used: Set<string>): readonly Node[] =>
  nodes
    .toReversed()
    .filter((node) => {
      const isNeeded = node.outputs.some((name) => used.has(name))
      if (isNeeded) for (const name of readBy(node)) used.add(name)
      return isNeeded
    })
    .toReversed()
