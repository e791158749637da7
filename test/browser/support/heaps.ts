import type { CDPSession, Page } from 'playwright-core'

/** Bytes in use after a garbage collection. */
export interface Heaps {
  readonly page: number
  readonly worker: number
}

type Send = (method: string) => Promise<Readonly<Record<string, unknown>>>

const used = async (send: Send): Promise<number> => {
  await send('HeapProfiler.collectGarbage')
  const { usedSize, backingStorageSize } = await send('Runtime.getHeapUsage')
  return Number(usedSize) + Number(backingStorageSize ?? 0)
}

/** The page's only worker, which the page's session hands messages to. */
const sendToWorker = async (session: CDPSession): Promise<Send> => {
  const found = new Promise<string>((resolve) => {
    session.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
      if (targetInfo.type === 'worker') resolve(sessionId)
    })
  })
  await session.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false })
  const sessionId = await found
  const waiting = new Map<number, (result: Readonly<Record<string, unknown>>) => void>()
  session.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id, result } = JSON.parse(message)
    waiting.get(id)?.(result ?? {})
    waiting.delete(id)
  })
  let last = 0
  return (method) =>
    new Promise((resolve) => {
      const id = ++last
      waiting.set(id, resolve)
      void session.send('Target.sendMessageToTarget', {
        sessionId,
        message: JSON.stringify({ id, method, params: {} }),
      })
    })
}

/** Measures the heaps of a page and its one worker, array buffers included. */
export const heapOf = async (page: Page): Promise<() => Promise<Heaps>> => {
  const session = await page.context().newCDPSession(page)
  // border: names of methods as the protocol has them
  const toPage: Send = (method) => session.send(method as 'Runtime.getHeapUsage') as unknown as ReturnType<Send>
  const toWorker = await sendToWorker(session)
  return async () => ({ page: await used(toPage), worker: await used(toWorker) })
}
