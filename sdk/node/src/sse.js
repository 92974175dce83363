// Server-sent events as the HTML standard writes them (section 9.2.6), from bytes to events.

/** The longest event that is read, in characters. */
const LIMIT = 16 * 1024 * 1024;

/**
 * Reads events from a body; ends with it.
 * @param {AsyncIterable<Uint8Array>} body
 * @param {() => void} onBytes called for every piece that arrives
 */
export async function* events(body, onBytes) {
  const decoder = new TextDecoder();
  let rest = '';
  let name = '';
  let data = [];
  for await (const chunk of body) {
    onBytes();
    rest += decoder.decode(chunk, { stream: true });
    if (rest.length > LIMIT) throw new Error('an event is longer than is allowed');
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) yield { name: name || 'message', data: data.join('\n') };
        [name, data] = ['', []];
        continue;
      }
      const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line);
      if (field === 'event') name = value;
      else if (field === 'data') data.push(value);
    }
  }
}
