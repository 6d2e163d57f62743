"""How well channels are known from reports of few bits."""
