/* Names of tensors in nodes, and in the graphs that nodes hold. */
import type { Attribute, Graph, Node } from './model.js'

const graphsOf = ({ attributes }: Node): readonly Graph[] =>
  Object.values(attributes).flatMap((attribute) => ('graph' in attribute ? [attribute.graph] : []))

/** What a node reads, itself or in a graph that it holds. */
export const readBy = (node: Node): readonly string[] => {
  const graphs = graphsOf(node)
  return graphs.length === 0 ? node.inputs : [...node.inputs, ...graphs.flatMap(({ nodes }) => nodes.flatMap(readBy))]
}

/** The node with other names for some tensors, in the graphs that it holds too. */
export const renamed = (node: Node, names: ReadonlyMap<string, string>): Node => {
  const rename = (name: string): string => names.get(name) ?? name
  const within = (attribute: Attribute): Attribute =>
    'graph' in attribute
      ? { graph: { ...attribute.graph, nodes: attribute.graph.nodes.map((inner) => renamed(inner, names)) } }
      : attribute
  const { attributes } = node
  return {
    ...node,
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename),
    attributes:
      graphsOf(node).length === 0
        ? attributes
        : Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, within(value)])),
  }
}
