"""The comparison of arms, wherever the data comes from: assignment, design, analysis."""
