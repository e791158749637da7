import { printAval, ShapeError, sameAval, type Tensor } from '@cotangent/core'

/** @throws ShapeError unless student and teacher have one shape and dtype */
export const checkSame = (op: string, student: Tensor, teacher: Tensor): void => {
  if (sameAval(student.aval, teacher.aval)) return
  throw new ShapeError({
    op,
    expected: 'student and teacher must have one shape and dtype.',
    received: `student ${printAval(student.aval)}, teacher ${printAval(teacher.aval)}`,
    todo: 'give the logits of both for the same rows and classes',
  })
}
