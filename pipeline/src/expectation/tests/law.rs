//! Random rows and expectations against a judgement made row by row, in loops.
