import { checkLengths } from './check.js'
import { argmax, logSoftmax } from './softmax.js'

/** How far a student's answers are from its teacher's. */
export interface Drift {
  /** Mean KL(teacher || student) over rows, in nats; 0 where they agree. */
  readonly kl: number
  /** Share of rows whose largest class changed. */
  readonly flips: number
}

/**
 * Drift of a student from its teacher.
 *
 * KL = mean over rows of Σ_k p_k (log p_k - log q_k),  p = softmax(teacher), q = softmax(student)
 *
 * @param teacher logits, [n][d] @param student logits, [n][d]
 * @throws RangeError if the shapes differ
 * @example drift([[0, 0]], [[0, 0]]) // => { kl: 0, flips: 0 }
 */
export const drift = (teacher: readonly ArrayLike<number>[], student: readonly ArrayLike<number>[]): Drift => {
  checkLengths('drift', { teacher, student })
  let kl = 0
  let flips = 0
  teacher.forEach((teacherRow, i) => {
    const studentRow = student[i] ?? []
    checkLengths(`drift, row ${i}`, { teacher: teacherRow, student: studentRow })
    const logP = logSoftmax(teacherRow)
    const logQ = logSoftmax(studentRow)
    logP.forEach((p, k) => {
      const probability = Math.exp(p)
      // 0 · log 0 = 0
      if (probability > 0) kl += probability * (p - (logQ[k] ?? 0))
    })
    if (argmax(teacherRow) !== argmax(studentRow)) flips++
  })
  return { kl: kl / teacher.length, flips: flips / teacher.length }
}
