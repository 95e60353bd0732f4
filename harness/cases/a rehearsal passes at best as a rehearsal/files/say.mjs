console.log(JSON.stringify({ said: 'hello' }));
