// SPDX-License-Identifier: GPL-3.0-or-later
// One selection model for the whole window: hover (transient), primary (one), pinned (up to 8, each owns a hue).
#pragma once
#include <QObject>
#include <QString>
#include <optional>
#include <vector>

namespace moe::ui {

/// Layer = index among the MoE layers; expert 0-based. Shown as "L3·E11".
struct ExpertRef {
  int layer = 0, expert = 0;
  bool operator==(const ExpertRef&) const = default;
};
QString expertName(const ExpertRef& ref);  // "L3·E11"

/// Number of a layer as people read it: its place in the whole model, counted from 1, so that window, console and the
/// engine's messages name the same layer also where dense layers lie between. `layer` counts those with a router.
int layerNumber(int layer);
/// Places of the layers with a router, from 0; the history of the run says them. Empty: every layer has one.
void setRoutedLayers(std::vector<int> places);

/// A token of a strip: strip index in the probe (−1 = the user's own text) and position.
struct TokenRef {
  int strip = 0, position = 0;
  bool operator==(const TokenRef&) const = default;
};

class Selection : public QObject {
  Q_OBJECT
 public:
  using QObject::QObject;
  std::optional<ExpertRef> hovered() const { return hovered_; }
  std::optional<ExpertRef> primary() const { return primary_; }
  const std::vector<std::optional<ExpertRef>>& pins() const { return pins_; }  // slot = hue index; empty slots stay
  int pinIndex(const ExpertRef& ref) const;                                    // −1 = not pinned
  std::optional<TokenRef> token() const { return token_; }
  int layer() const;  // of the primary, else 0: which layer waterfall, load and specialization show

  void hover(std::optional<ExpertRef> ref);
  void select(std::optional<ExpertRef> ref);
  void selectLayer(int layer);
  void togglePin(const ExpertRef& ref);  // a ninth pin is refused: pinRefused()
  void selectToken(std::optional<TokenRef> token);
  void clear();

 signals:
  void hoverChanged();
  void primaryChanged();
  void pinsChanged();
  void tokenChanged();
  void pinRefused();

 private:
  std::optional<ExpertRef> hovered_, primary_;
  std::vector<std::optional<ExpertRef>> pins_ = std::vector<std::optional<ExpertRef>>(8);
  std::optional<TokenRef> token_;
  int layer_ = 0;
};

}  // namespace moe::ui
