/*
 * The part of ONNX that the engine writes: a model of one graph, with nodes and small initialisers; loops and choices
 * hold graphs of their own. Weights never go into a model (a message ends at 2 GB): they are inputs of the graph.
 * Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto (field numbers)
 */
import type { Shape } from '@cotangent/core'
import {
  bytesField,
  type Chunk,
  finish,
  floatField,
  integerField,
  integersField,
  message,
  messageField,
  repeated,
  textField,
} from './wire.js'

/** Element types, as TensorProto.DataType numbers them. */
export const elementTypes = { f32: 1, u8: 2, i32: 6, i64: 7, bool: 9, f64: 11, u32: 12 } as const

export type ElementType = keyof typeof elementTypes

/** What an operator may be told: an integer, a float, a list of integers, text, or a graph that it runs. */
export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly text: string }
  | { readonly graph: Graph }

/** One operator with its tensors. */
export interface Node {
  readonly op: string
  /** `''` is ONNX's own; `com.microsoft` holds onnxruntime's additions. */
  readonly domain: '' | 'com.microsoft'
  /** Names of tensors; an optional one that is left out is `''`. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Readonly<Record<string, Attribute>>
}

/** A tensor that the model holds by value; `data` is little-endian. */
export interface Initialiser {
  readonly name: string
  readonly type: ElementType
  readonly shape: Shape
  readonly data: Uint8Array
}

/** An input or result of the graph. */
export interface Port {
  readonly name: string
  readonly type: ElementType
  readonly shape: Shape
}

/**
 * A program in ONNX: nodes in the order they run. The graph of a node reads the tensors around it by name, so a name
 * stands for one tensor in the whole model.
 */
export interface Graph {
  readonly nodes: readonly Node[]
  readonly initialisers: readonly Initialiser[]
  readonly inputs: readonly Port[]
  readonly outputs: readonly Port[]
  /** Tensors in between whose shape does not follow from the nodes. */
  readonly declared: readonly Port[]
}

/** Newest version of ONNX's operators that is used; 20 has Gelu, and ReduceMax of bool. */
export const opset = 20

/** Version of the file format that goes with that opset. */
const irVersion = 9

/** The field of AttributeProto that holds the value, and its type: FLOAT 1, INT 2, STRING 3, GRAPH 5, INTS 7. */
const encodeValue = (attribute: Attribute): readonly [Chunk, number] => {
  if ('int' in attribute) return [integerField(3, attribute.int), 2]
  if ('float' in attribute) return [floatField(2, attribute.float), 1]
  if ('ints' in attribute) return [integersField(8, attribute.ints), 7]
  if ('text' in attribute) return [textField(4, attribute.text), 3]
  return [messageField(6, encodeGraph(attribute.graph)), 5]
}

/** AttributeProto: name 1, f 2, i 3, s 4, g 6, ints 8, type 20. */
const encodeAttribute = (name: string, attribute: Attribute): Chunk => {
  const [value, type] = encodeValue(attribute)
  return message(textField(1, name), value, integerField(20, type))
}

/** NodeProto: input 1, output 2, name 3, op_type 4, attribute 5, domain 7. */
const encodeNode = ({ op, domain, inputs, outputs, attributes }: Node): Chunk =>
  message(
    repeated(inputs, (name) => textField(1, name)),
    repeated(outputs, (name) => textField(2, name)),
    textField(3, `${op}:${outputs[0] ?? ''}`),
    textField(4, op),
    repeated(Object.entries(attributes), ([name, attribute]) => messageField(5, encodeAttribute(name, attribute))),
    ...(domain === '' ? [] : [textField(7, domain)]),
  )

/** TensorProto: dims 1, data_type 2, name 8, raw_data 9. */
const encodeInitialiser = ({ name, type, shape, data }: Initialiser): Chunk =>
  message(
    repeated(shape, (length) => integerField(1, length)),
    integerField(2, elementTypes[type]),
    textField(8, name),
    bytesField(9, data),
  )

/** ValueInfoProto: name 1, type 2 { tensor_type 1 { elem_type 1, shape 2 { dim 1 { dim_value 1 } } } }. */
const encodePort = ({ name, type, shape }: Port): Chunk =>
  message(
    textField(1, name),
    messageField(
      2,
      messageField(
        1,
        message(
          integerField(1, elementTypes[type]),
          messageField(
            2,
            repeated(shape, (length) => messageField(1, integerField(1, length))),
          ),
        ),
      ),
    ),
  )

/** GraphProto: node 1, name 2, initializer 5, input 11, output 12, value_info 13. */
const encodeGraph = ({ nodes, initialisers, inputs, outputs, declared }: Graph): Chunk =>
  message(
    repeated(nodes, (node) => messageField(1, encodeNode(node))),
    textField(2, 'program'),
    repeated(initialisers, (tensor) => messageField(5, encodeInitialiser(tensor))),
    repeated(inputs, (port) => messageField(11, encodePort(port))),
    repeated(outputs, (port) => messageField(12, encodePort(port))),
    repeated(declared, (port) => messageField(13, encodePort(port))),
  )

/**
 * A model file's bytes.
 *
 * ModelProto: ir_version 1, producer_name 2, graph 7, opset_import 8 { domain 1, version 2 }.
 */
export const encodeModel = (graph: Graph): Uint8Array =>
  finish(
    message(
      integerField(1, irVersion),
      textField(2, 'cotangent'),
      messageField(7, encodeGraph(graph)),
      messageField(8, message(textField(1, ''), integerField(2, opset))),
      messageField(8, message(textField(1, 'com.microsoft'), integerField(2, 1))),
    ),
  )
