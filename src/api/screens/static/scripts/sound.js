// What screens call by: two tones, and words. Browsers let a page make sound only after somebody has touched it.
export const chime = audio => {
  [[0, 880], [.25, 1175]].forEach(([after, frequency]) => {
    const [tone, volume] = [audio.createOscillator(), audio.createGain()];
    const start = audio.currentTime + after;
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(.3, start);
    volume.gain.exponentialRampToValueAtTime(.001, start + .6);
    tone.connect(volume).connect(audio.destination);
    tone.start(start);
    tone.stop(start + .6);
  });
};

export const speak = text => {
  if (!window.speechSynthesis) return;
  const words = new SpeechSynthesisUtterance(text);
  words.lang = 'pt-BR';
  speechSynthesis.speak(words);
};
