"""Generated modules at work: data sets, training, gradients against differences. Nothing symbolic."""
