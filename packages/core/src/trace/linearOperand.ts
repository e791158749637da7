import { type Aval, printAval, type TypedArray } from '../aval.js'
import { MissingRuleError } from '../errors.js'
import { type HostTensor, Tensor } from '../tensor.js'

/** Stands for an operand that is linear, while a program is transposed: it has a shape, no value. */
export class LinearOperand extends Tensor {
  constructor(readonly aval: Aval) {
    super()
  }

  get data(): TypedArray {
    throw this.refusal('data')
  }

  read(): Promise<HostTensor> {
    return Promise.reject(this.refusal('read'))
  }

  toString(): string {
    return `Linear ${printAval(this.aval)}`
  }

  /** A transpose that is made from the value: the operation is not linear in all of its operands together. */
  refusal(op: string): MissingRuleError {
    return new MissingRuleError({
      op,
      expected: 'a linear program holds linear operations only.',
      received: `the value of a linear operand, ${printAval(this.aval)}: a product of two of them is not linear`,
      todo: 'check that the function is linear in the arguments that are transposed',
    })
  }
}
