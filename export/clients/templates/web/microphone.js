// Runs on the thread of the sound card: it hands over what the microphone hears, as one channel.

registerProcessor(
  "microphone",
  class extends AudioWorkletProcessor {
    process([channels]) {
      if (channels.length) {
        const mono = channels[0].map((_, at) => channels.reduce((sum, one) => sum + one[at], 0) / channels.length);
        this.port.postMessage(mono, [mono.buffer]);
      }
      return true;
    }
  },
);
