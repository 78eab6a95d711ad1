// A WebGL2 context that draws nothing and remembers every call: { calls: [[name, ...arguments]], count(name), made: live objects }.

const CREATE = /^create(\w+)$/, DELETE = /^delete(\w+)$/;

/** @param {{ refuse?: string, widest?: number }} [options] refuse: the log with which shaders do not compile; widest: MAX_TEXTURE_SIZE */
export function fakeGl({ refuse, widest = 2048 } = {}) {
  const calls = [], made = new Set();
  const answers = {
    getShaderParameter: (_, what) => (what === 0x8b81 ? !refuse : 1),
    getProgramParameter: (_, what) => (what === 0x8b82 ? true : 0),
    getShaderInfoLog: () => refuse ?? '',
    getProgramInfoLog: () => '',
    getParameter: (what) => (what === 0x0d33 ? widest : what === 0x1f02 ? 'WebGL 2.0' : 0),
    getSupportedExtensions: () => [],
    getExtension: () => null,
    getContextAttributes: () => ({}),
    getError: () => 0,
    isContextLost: () => false,
  };
  const gl = new Proxy({}, {
    get(own, name) {
      if (name in own || typeof name !== 'string' || name === 'canvas' || name === 'then' || name === 'currentProgram') return own[name];
      return (...args) => {
        calls.push([name, ...args]);
        if (CREATE.test(name)) {
          const object = { kind: CREATE.exec(name)[1] };
          made.add(object);
          return object;
        }
        if (DELETE.test(name)) made.delete(args[0]);
        return answers[name]?.(...args);
      };
    },
  });
  return { gl, calls, made, count: (name) => calls.filter(([called]) => called === name).length, named: (name) => calls.filter(([called]) => called === name) };
}
